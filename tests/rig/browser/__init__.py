"""Debian's Chromium without a window, driven over a pipe: what a reader sees, hears, and can reach by keyboard."""

from tests.rig.browser.chromium import Chromium
from tests.rig.browser.page import Node, Page

__all__ = ["Chromium", "Node", "Page"]
