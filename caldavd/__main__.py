"""python -m caldavd"""

from caldavd.cli.main import main

main()
