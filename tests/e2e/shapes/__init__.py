"""The table of certificate shapes: what is asked, written down beside what must come back."""
