"""An environment with the libraries that write metrics, as a data scientist has them."""
