"""The code under test: an order is a server span, its queries and its payment are the spans beneath it."""

import logging
import os

from opentelemetry import metrics, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

log = logging.getLogger("shop")


class CardDeclined(Exception):
    pass


def order(card):
    tracer = trace.get_tracer("shop")
    created = metrics.get_meter("shop").create_counter("orders.created", unit="{order}")
    with tracer.start_as_current_span("POST /orders", kind=SpanKind.SERVER) as span:
        span.set_attribute("http.route", "/orders")
        for _ in range(2):
            with tracer.start_as_current_span("SELECT stock", kind=SpanKind.CLIENT, attributes={"db.system.name": "sqlite"}):
                pass
        try:
            with tracer.start_as_current_span("charge", kind=SpanKind.CLIENT, attributes={"card": card}):
                if card == "expired" and "SHOP_TAKES_EXPIRED" not in os.environ:
                    raise CardDeclined("card_declined: the card has expired")
        except CardDeclined as error:
            span.set_attribute("http.response.status_code", 402)
            span.set_status(Status(StatusCode.ERROR, str(error)))
            return 402
        span.set_attribute("http.response.status_code", 201)
        created.add(1, {"card": card})
        log.info("order accepted")
        return 201
