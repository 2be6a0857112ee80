"""Metrics, as Prometheus reads them."""

from __future__ import annotations

import re

from caldavd.metrics import Metrics
from caldavd.workers.reindex import Progress


def samples(metrics: Metrics, name: str) -> list[str]:
    return [line for line in metrics.render().splitlines() if line.startswith(name + "{")]


def test_requests_are_counted_by_method_kind_and_status() -> None:
    metrics = Metrics("sqlite")
    metrics.observe("GET", "object", 200, 0.001)
    metrics.observe("GET", "object", 200, 0.001)
    metrics.observe("PUT", "object", 412, 0.001)

    assert samples(metrics, "caldavd_requests_total") == [
        'caldavd_requests_total{method="GET",kind="object",status="200"} 2',
        'caldavd_requests_total{method="PUT",kind="object",status="412"} 1',
    ]


def test_a_method_that_nobody_knows_makes_no_series_of_its_own() -> None:
    metrics = Metrics("sqlite")
    for number in range(1000):
        metrics.observe(f"METHOD{number}", "root", 501, 0.001)

    assert samples(metrics, "caldavd_requests_total") == [
        'caldavd_requests_total{method="other",kind="root",status="501"} 1000'
    ]


def test_durations_fall_into_buckets_that_add_up() -> None:
    metrics = Metrics("sqlite")
    for seconds in (0.0005, 0.003, 0.003, 0.4, 60):
        metrics.observe("GET", "object", 200, seconds)

    found = samples(metrics, "caldavd_request_duration_seconds_bucket")
    counts = [int(line.rpartition(" ")[2]) for line in found]
    assert counts == [1, 1, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5]
    assert samples(metrics, "caldavd_request_duration_seconds_count") == [
        'caldavd_request_duration_seconds_count{method="GET",kind="object"} 5'
    ]


def test_logins_are_read_when_asked_for() -> None:
    metrics = Metrics("sqlite")
    metrics.read_logins(lambda: {"failed": 3})

    assert samples(metrics, "caldavd_logins_total") == ['caldavd_logins_total{result="failed"} 3']


def test_transactions_are_timed_and_counted_while_they_run() -> None:
    metrics = Metrics("sqlite")
    metrics.begin("write")
    began = metrics.begin("read")
    metrics.end("read", began)

    assert samples(metrics, "caldavd_database_in_flight") == [
        'caldavd_database_in_flight{mode="read"} 0',
        'caldavd_database_in_flight{mode="write"} 1',
    ]
    assert samples(metrics, "caldavd_database_seconds_count") == [
        'caldavd_database_seconds_count{mode="read"} 1',
        'caldavd_database_seconds_count{mode="write"} 0',
    ]


def test_every_line_is_in_the_format_and_every_family_has_its_type() -> None:
    metrics = Metrics("postgresql")
    metrics.observe("GET", "object", 200, 0.001)
    metrics.read_logins(lambda: {"failed": 0})
    line = re.compile(
        r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? \S+'
    )

    text = metrics.render()

    assert [one for one in text.splitlines() if not line.fullmatch(one)] == []
    assert text.endswith("\n")
    helped, typed = (re.findall(rf"# {word} (\S+)", text) for word in ("HELP", "TYPE"))
    assert helped == typed
    assert len(set(typed)) == len(typed)


def test_memory_is_that_of_this_process() -> None:
    found = re.search(r"^process_resident_memory_bytes (\d+)$", Metrics("sqlite").render(), re.M)

    assert found is not None
    assert 5_000_000 < int(found[1]) < 5_000_000_000


def test_what_is_done_to_the_index_is_read_when_asked_for() -> None:
    metrics = Metrics("sqlite")
    progress = Progress()
    metrics.read_indexing(progress)
    progress.outcomes.update({"same": 2, "changed": 1})
    progress.waiting, progress.finished_at = 7, 1_800_000_000

    lines = metrics.render().splitlines()

    assert [one for one in lines if one.startswith("caldavd_index_")] == [
        'caldavd_index_objects_total{result="changed"} 1',
        'caldavd_index_objects_total{result="same"} 2',
        "caldavd_index_waiting 7",
        "caldavd_index_finished_time_seconds 1800000000",
    ]


def test_tasks_are_told_by_kind_and_state() -> None:
    metrics = Metrics("sqlite")
    metrics.note_tasks({("mail", "waiting"): 3, ("mail", "dead"): 1})

    lines = metrics.render().splitlines()

    assert [one for one in lines if one.startswith("caldavd_tasks")] == [
        'caldavd_tasks{kind="mail",state="waiting"} 3',
        'caldavd_tasks{kind="mail",state="dead"} 1',
    ]


def test_mails_that_arrive_are_counted_by_what_became_of_them() -> None:
    metrics = Metrics("sqlite")
    for fate in ("delivered", "refused", "delivered"):
        metrics.count_mail(fate)
    metrics.count_look(True)
    metrics.count_look(False)

    lines = metrics.render().splitlines()

    assert [one for one in lines if one.startswith("caldavd_mail")] == [
        'caldavd_mails_received_total{fate="delivered"} 2',
        'caldavd_mails_received_total{fate="refused"} 1',
        'caldavd_mailbox_looks_total{result="failed"} 1',
        'caldavd_mailbox_looks_total{result="ok"} 1',
    ]
