"""What is known about libraries by name: the one place where the analysis holds lists.

A name that stands in no list is treated with suspicion: it may change everything that it gets.
"""
