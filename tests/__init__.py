"""Tests of alekseylearn, the stand-ins and rigs they run on."""
