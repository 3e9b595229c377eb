"""People rank what several runs drew, blind, and their ranks are averaged (Zhang 2017, 4.2)."""
