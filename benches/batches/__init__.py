"""What `scripts/bench batches` is made of; `benches/batches.py` is its command line.

Python takes a package before a module of the same name, so an import of `batches` finds this and not the script.

    tables       the tables that are changed, and how a fresh copy is made of each
    methods      the ways to change them
    comparison   every method on every table, in turns
    traffic      what other clients suffer meanwhile
    growth       what becomes of longhaul's figures as the table grows
    server       what is asked of the server
    command      runs one command and measures it
    results      the CSV files, to which every invocation appends
    report       the CSV files as Markdown
"""
