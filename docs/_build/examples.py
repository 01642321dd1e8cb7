"""Shows the `Example:` sections of the docstrings as code in the reference, as mkdocstrings does with `Examples:`."""

from griffe import Extension


class Examples(Extension):
    """Renames the section while the sources are read."""

    def on_object(self, *, obj, **kwargs):
        """Called for each module, class, function and attribute."""
        if obj.docstring:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")
