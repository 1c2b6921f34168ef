"""Tables in Markdown that also read well in a terminal."""

RATE_GOALS = {"guard": 0.80, "guard, rules and limits": 0.75, "introspection": 0.80, "token": 0.50, "token, JSON dialect": 0.50, "refresh": 0.40}
P99_GOAL_MS = 5.0
COUNTING_GOAL_NS = 1000
WINDOWS_GOAL_MIB = 64
ADDED_P50_GOAL_MS = 0.3
GUARD_P99_GOAL = 2.0  # times what it is without sign-ins
LARGE_GOAL = 0.80
BYTES_GOAL = 100
START_GOAL_MS = 50
MEMORY_GOAL_MIB = 16
OTHERS_QUIET_CORES = 0.10


def table(header, rows, text_columns=1):
    """The first text_columns to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(row):
        return "| " + " | ".join(cell.ljust(width) if i < text_columns else cell.rjust(width)
                                 for i, (cell, width) in enumerate(zip(row, widths))) + " |"

    rule = "|" + "|".join("-" * (width + 1) + ("-" if i < text_columns else ":")
                          for i, width in enumerate(widths)) + "|"
    return "\n".join([line(header), rule, *(line(row) for row in rows)])


def verdict(is_met):
    return "met" if is_met else "**not met**"


def errors_of(*samples):
    """Of the daemon first, then of its yardstick."""
    return " / ".join(", ".join(f"{name}: {count}" for name, count in sample.errors.items()) or "none"
                      for sample in samples) if any(sample.errors for sample in samples) else ""


def judged(is_met, *samples):
    """A row with errors proves nothing."""
    errors = errors_of(*samples)
    return f"**invalid** ({errors})" if errors else verdict(is_met)


def count(number):
    return f"{number:,.0f}"


def throughput(rows):
    lines = []
    for row in rows:
        goal = RATE_GOALS.get(row.work.name)
        pair = row.peak
        lines.append([row.work.name, str(row.connections), count(pair.sample.rate), count(pair.yardstick.rate),
                      f"{pair.rate_ratio:.2f}", f"≥ {goal:.2f}" if goal else "",
                      judged(pair.rate_ratio >= goal, pair.sample, pair.yardstick) if goal
                      else errors_of(pair.sample, pair.yardstick)])
    return table(["work", "connections", "Jeton a second", "nginx a second", "ratio", "goal", ""], lines)


def cost(rows):
    lines = [[row.work.name, str(row.connections), f"{row.peak.sample.cpu_us:.1f}",
              f"{row.peak.yardstick.cpu_us:.1f}", f"{row.peak.cpu_ratio:.2f}",
              errors_of(row.peak.sample, row.peak.yardstick) or "none"] for row in rows]
    return table(["work", "connections", "Jeton CPU µs", "nginx CPU µs", "nginx / Jeton", "errors"], lines)


def latency(rows):
    lines = []
    for row in rows:
        half = row.half
        peak = ([f"{sample.p50_ms:.2f}", f"{sample.p99_ms:.2f}"] for sample in (row.peak.sample, row.peak.yardstick))
        lines.append([row.work.name, str(row.connections), *next(peak), *next(peak), count(row.half_rate),
                      f"{half.yardstick.p99_ms:.2f}", f"{half.sample.p50_ms:.2f}", f"{half.sample.p99_ms:.2f}",
                      f"≤ {P99_GOAL_MS:.0f}", judged(half.sample.p99_ms <= P99_GOAL_MS, half.sample)])
    return table(["work", "connections", "Jeton p50", "p99", "nginx p50", "p99", "half load/s", "nginx p99",
                  "Jeton p50", "p99", "goal", ""], lines)


def batches(rows):
    lines = [[row.work.name, str(row.connections), count(row.batches.per_second), f"{row.batches.mean_size:.1f}"]
             for row in rows if row.batches]
    if not lines:
        return "Nothing durable was measured."
    return table(["work", "connections", "batches/s", "units in a batch"], lines)


def process(figures):
    lines = [[name, value, goal, verdict(is_met) if goal else ""] for name, value, goal, is_met in figures]
    return table(["figure", "measured", "goal", ""], lines)


def behind_nginx(added):
    """`added`: gateway.Added."""
    plain, guarded = added.pair.yardstick, added.pair.sample
    errors = errors_of(guarded, plain)
    span_ms = guarded.p50_ms - plain.p50_ms
    return process([
        ("requests a second, 64 connections", count(added.rate), "", True),
        ("p50 of an image", f"{plain.p50_ms:.3f} ms", "", True),
        ("p50 of the same image behind auth_request", f"{guarded.p50_ms:.3f} ms", "", True),
        ("what it adds" + (f" ({errors})" if errors else ""), f"{span_ms:.3f} ms", f"≤ {ADDED_P50_GOAL_MS} ms",
         span_ms <= ADDED_P50_GOAL_MS and not errors),
        ("nginx's CPU of a request, without and with", f"{plain.cpu_us:.1f} and {guarded.cpu_us:.1f} µs", "", True),
    ])


def counting(found, clients):
    """`found`: what the program of that name prints."""
    mib = found["bytes"] / 2**20
    return process([
        (f"CPU of a request's three windows and headers, {clients:,} clients in turn", f"{found['limit_ns']} ns",
         f"< {COUNTING_GOAL_NS:,} ns", found["limit_ns"] < COUNTING_GOAL_NS),
        ("CPU of its usage", f"{found['count_ns']} ns", "", True),
        (f"memory of {found['windows']:,} windows", f"{mib:.1f} MiB", f"≤ {WINDOWS_GOAL_MIB} MiB",
         mib <= WINDOWS_GOAL_MIB),
    ])


def sign_ins(found):
    """`found`: people.SignIns."""
    hashing, sample = found.hashing, found.sample
    errors = errors_of(sample, found.guard_busy, found.guard_idle)
    is_met = found.ratio < GUARD_P99_GOAL and not errors
    return process([
        (f"one password alone, {hashing.words()}", f"{hashing.milliseconds:.1f} ms", "", True),
        ("sign-ins a second, 64 at a time", f"{sample.rate:.0f}", "", True),
        ("a sign-in, page and form, p50", f"{sample.p50_ms:.0f} ms", "", True),
        ("a sign-in, page and form, p99", f"{sample.p99_ms:.0f} ms", "", True),
        ("CPU of a sign-in", f"{sample.cpu_us / 1000:.1f} ms", "", True),
        ("p99 of guard, nobody signs in", f"{found.guard_idle.p99_ms:.2f} ms", "", True),
        ("p99 of guard, 64 sign in all the time", f"{found.guard_busy.p99_ms:.2f} ms", "", True),
        ("the second by the first" + (f" ({errors})" if errors else ""), f"{found.ratio:.2f}",
         f"< {GUARD_P99_GOAL:.0f}", is_met),
    ])


def large(rows, token_count):
    lines = []
    for row in rows:
        pair = row.peak
        goal = f"≥ {LARGE_GOAL:.2f}" if row.has_goal else ""
        met = judged(pair.rate_ratio >= LARGE_GOAL, pair.sample, pair.yardstick)
        lines.append([row.name, str(row.connections), count(pair.sample.rate), count(pair.yardstick.rate),
                      f"{pair.rate_ratio:.2f}", goal, met if row.has_goal else errors_of(pair.sample, pair.yardstick),
                      f"{pair.sample.p99_ms:.2f}", f"{pair.sample.cpu_us:.1f}", f"{pair.yardstick.cpu_us:.1f}"])
    return table(["work", "connections", f"{token_count:,} tokens, requests/s", "empty, requests/s", "ratio", "goal",
                  "", "p99 ms", "CPU µs", "empty, CPU µs"], lines)


def provisional(others_cores, stolen_cores):
    text = (f"While it ran, other programs used {others_cores:.2f} cores and the hypervisor withheld "
            f"{stolen_cores:.2f}.")
    if others_cores > OTHERS_QUIET_CORES or stolen_cores > OTHERS_QUIET_CORES:
        return "**Provisional**: the machine was not quiet. " + text
    return "The machine was quiet. " + text
