"""What becomes of longhaul's figures as the table grows: they should stay as they are, but for the time in all."""

from . import methods, results, server, tables
from .command import run


def measure(arguments, tools, invocation):
    table = tables.ALL["narrow"]
    for rows in arguments.growth:
        tables.build(table, rows)
        first = results.next_round(arguments.out, results.Growth, settings=arguments.server, rows=rows)
        for number in range(first, first + arguments.rounds):
            for name in results.turn(arguments.methods or ["longhaul-2"], number):
                sample = measure_method(methods.build(name, table, tools), table)
                results.append(arguments.out, results.Growth(
                    invocation=invocation.began, settings=arguments.server, rows=rows, round=number, method=name,
                    **sample,
                ))
        server.drop_database(tables.COPY)
        server.drop_database(table.template())


def measure_method(method, table):
    server.copy_database(table.template(), tables.COPY)
    done = run(method, tables.COPY)
    tables.check(method.name, tables.COPY)
    batches = methods.backfill_batches()
    started = float(server.sql("SELECT extract(epoch FROM started_at) FROM longhaul.run", tables.COPY))
    tenth = max(1, len(batches) // 10)
    return {
        "wall_s": done.wall,
        "backfill_s": batches[-1].ended_after,
        "first_batch_s": batches[0].ended_after,
        "first_batch_of_command_s": started + batches[0].ended_after - done.began,
        "memory_mb": done.memory,
        "first_tenth_s": seconds_a_row(batches[:tenth]),
        "last_tenth_s": seconds_a_row(batches[-tenth:]),
    }


def seconds_a_row(batches):
    return sum(batch.seconds for batch in batches) / max(1, sum(batch.rows for batch in batches))
