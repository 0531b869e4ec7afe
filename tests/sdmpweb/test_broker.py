"""The broker within the process wakes its consumers and keeps nothing back."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from kombu import Connection, Consumer, Producer, Queue

from sdmpweb.embedded import broker

broker.register()


@pytest.fixture
def queue(request: pytest.FixtureRequest) -> Queue:
    return Queue(request.node.name, routing_key=request.node.name)


@pytest.fixture
def connection() -> Iterator[Any]:
    with Connection("inproc://") as made:
        yield made


def taking(received: list[str]) -> Callable[[str, Any], None]:
    """A consumer's callback that keeps what comes and acknowledges it."""

    def take(body: str, message: Any) -> None:
        received.append(body)
        message.ack()

    return take


def put(queue: Queue, *bodies: str) -> None:
    with Connection("inproc://") as other, other.channel() as channel:
        producer = Producer(channel)
        for body in bodies:
            producer.publish(body, routing_key=queue.name, declare=[queue])


def test_consumer_is_woken_by_a_message_from_another_thread(connection: Any, queue: Queue) -> None:
    received: list[str] = []
    waiting = threading.Event()

    def consume() -> None:
        with Consumer(connection, queue, callbacks=[taking(received)]):
            waiting.set()
            connection.drain_events(timeout=60)

    thread = threading.Thread(target=consume)
    began = time.monotonic()
    thread.start()
    waiting.wait(30)
    put(queue, "look now")
    thread.join(30)
    assert received == ["look now"]
    assert time.monotonic() - began < 30, "it waited for its time-out instead of being woken"


def test_acknowledging_frees_a_place(connection: Any, queue: Queue) -> None:
    messages: list[Any] = []
    put(queue, "first", "second")
    with Consumer(connection, queue, callbacks=[lambda _, m: messages.append(m)]) as consumer:
        consumer.qos(prefetch_count=1)
        connection.drain_events(timeout=5)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.01)
        threading.Timer(0.05, messages[0].ack).start()
        deadline = time.monotonic() + 30
        while len(messages) < 2 and time.monotonic() < deadline:
            with suppress(TimeoutError):
                connection.drain_events(timeout=30)
    assert [message.payload for message in messages] == ["first", "second"]


def test_interrupt_ends_the_waiting(connection: Any, queue: Queue) -> None:
    with Consumer(connection, queue, callbacks=[]):
        threading.Timer(0.05, broker.interrupt).start()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=60)
    assert time.monotonic() - began < 30


def test_nothing_to_take_is_a_time_out(connection: Any, queue: Queue) -> None:
    with Consumer(connection, queue, callbacks=[]), pytest.raises(TimeoutError):
        connection.drain_events(timeout=0.01)


def test_many_threads_put_and_none_is_lost(connection: Any, queue: Queue) -> None:
    received: list[str] = []
    threads = [
        threading.Thread(target=put, args=(queue, *(f"{n}-{m}" for m in range(50))))
        for n in range(4)
    ]
    with Consumer(connection, queue, callbacks=[taking(received)]):
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while len(received) < 200 and time.monotonic() < deadline:
            with suppress(TimeoutError):
                connection.drain_events(timeout=1)
    for thread in threads:
        thread.join()
    assert sorted(received) == sorted(f"{n}-{m}" for n in range(4) for m in range(50))
