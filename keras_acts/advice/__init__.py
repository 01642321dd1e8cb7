"""Advice about a model before it is trained: what is wrong in it (`lint`), and what to begin with (`recommend`)."""

from keras_acts.advice._card import Card, recommend
from keras_acts.advice._lint import Finding, Report, lint

__all__ = ["Card", "Finding", "Report", "lint", "recommend"]
