"""The tutorial on paper: its notebook, executed and set as a PDF or as one page of HTML."""
