"""`python -m cnnwidgets` is the command `cnnwidgets`."""

from cnnwidgets.cli import main

raise SystemExit(main())
