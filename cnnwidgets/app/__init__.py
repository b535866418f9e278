"""The server room: Voilà with a template, a configuration and manners of our own.

`settings` says what was asked for, `server` runs it, `handlers` answers requests, `kernels` keeps
one Python process for each open page, `words` holds the sentences of the plain pages.
Nothing here is imported by the widgets.
"""
