"""`python -m app.cli`: the crossbook command where no script is on the path."""

from app.cli import main

main()
