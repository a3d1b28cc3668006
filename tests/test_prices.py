"""What a machine costs: exact where AWS says so, unknown where it does not, and never waited for."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from alekseylearn import prices
from alekseylearn.aws import connect_aws
from alekseylearn.errors import MachineError
from alekseylearn.price_list import filters, hourly
from alekseylearn.prices import KEPT, Prices, price_of

TYPE, REGION = "ml.g5.xlarge", "eu-west-1"


def product(usage: str, price: object = "1.574", unit: str = "Hrs", currency: str = "USD") -> str:
    dimension = {"unit": unit, "pricePerUnit": {currency: price}, "description": "$ per hour"}
    terms = {"OnDemand": {"ABC.JRT": {"priceDimensions": {"ABC.JRT.6YS": dimension}}}}
    attributes = {"usagetype": usage, "regionCode": REGION, "servicecode": "AmazonSageMaker"}
    return json.dumps({"product": {"productFamily": "ML Instance", "attributes": attributes}, "terms": terms})


class TestPriceList:
    def test_the_price_of_training_is_found_among_others(self) -> None:
        listed = [
            product("EUW1-Host:ml.g5.xlarge", "1.9"),
            product("EUW1-Notebk:ml.g5.xlarge", "1.8"),
            product("EUW1-Train:ml.g5.xlarge", "1.574"),
            product("EUW1-Train:ml.g5.xlarge-foo", "9"),
            product("EUW1-SpotTrain:ml.g5.xlarge", "0.5"),
            product("EUW1-TrainWarmPool:ml.g5.xlarge", "7"),
            product("EUW1-Train:ml.g5.2xlarge", "2"),
            product("ml.g5.xlarge", "8"),
        ]
        assert hourly(listed, TYPE) == 1.574

    @pytest.mark.parametrize("usage", ["Train:ml.g5.xlarge", "EU-Train:ml.g5.xlarge", "USE1-Train:ml.g5.xlarge"])
    def test_the_region_may_stand_before_it(self, usage: str) -> None:
        assert hourly([product(usage)], TYPE) == 1.574

    def test_of_several_prices_the_highest_counts(self) -> None:
        assert hourly([product("Train:ml.g5.xlarge", price) for price in ("1.5", "1.6", "1.4")], TYPE) == 1.6

    @pytest.mark.parametrize(
        "odd",
        [
            "",
            "[1]",
            "not json",
            "[" * 100_000,
            "{}",
            '{"product": []}',
            '{"product": {"attributes": {"usagetype": 3}}}',
            product("Train:ml.g5.xlarge", "0.0000000000"),
            product("Train:ml.g5.xlarge", "-1"),
            product("Train:ml.g5.xlarge", "nan"),
            product("Train:ml.g5.xlarge", "inf"),
            product("Train:ml.g5.xlarge", "a lot"),
            product("Train:ml.g5.xlarge", None),
            product("Train:ml.g5.xlarge", unit="Seconds"),
            product("Train:ml.g5.xlarge", currency="CNY"),
            '{"product": {"attributes": {"usagetype": "Train:ml.g5.xlarge"}}, "terms": {"Reserved": {}}}',
            '{"product": {"attributes": {"usagetype": "Train:ml.g5.xlarge"}}, "terms": {"OnDemand": {"a": [1]}}}',
        ],
    )
    def test_what_is_no_price_is_none(self, odd: str) -> None:
        assert hourly([odd], TYPE) is None

    def test_only_the_region_and_the_type_are_asked_for(self) -> None:
        assert {one["Field"]: one["Value"] for one in filters(TYPE, REGION)} == {
            "regionCode": REGION,
            "usagetype": f"Train:{TYPE}",
        }


@dataclass
class Pricing:
    """AWS's price list, as far as it is asked: answers by page, or what goes wrong instead."""

    url: str
    pages: list[list[str]] = field(default_factory=lambda: [[product("EUW1-Train:ml.g5.xlarge")]])
    denied: bool = False
    held: threading.Event = field(default_factory=threading.Event)
    asked: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def pricing() -> Iterator[Pricing]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.asked.append(asked)
            service.held.wait(30)
            if service.denied:
                told = {"__type": "AccessDeniedException", "Message": "not authorized to perform: pricing:GetProducts"}
            else:
                page = int(asked.get("NextToken", 0))
                told = {"FormatVersion": "aws_v1", "PriceList": service.pages[page]}
                if page + 1 < len(service.pages):
                    told["NextToken"] = str(page + 1)
            body = json.dumps(told).encode()
            self.send_response(400 if service.denied else 200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Pricing(f"http://127.0.0.1:{server.server_port}")
    service.held.set()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield service
    service.held.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def aws(pricing: Pricing) -> Any:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    return connect_aws({**keys, "AWS_REGION": REGION, "AWS_ENDPOINT_URL_PRICING": pricing.url})


class TestPrices:
    def test_a_price_is_asked_once_a_week(self, pricing: Pricing, aws: Any, tmp_path: Path) -> None:
        now = [1_000_000.0]
        assert price_of(aws, TYPE, REGION, tmp_path) == 1.574
        assert [one["ServiceCode"] for one in pricing.asked] == ["AmazonSageMaker"]
        folder = tmp_path / "new"
        for since, asked in ((0, 2), (KEPT - 1, 2), (KEPT, 3)):
            now[0] = 1_000_000.0 + since
            assert Prices(aws, folder, lambda: now[0]).of(TYPE, REGION) == 1.574
            assert len(pricing.asked) == asked

    def test_all_pages_are_read(self, pricing: Pricing, aws: Any, tmp_path: Path) -> None:
        pricing.pages.insert(0, [product("EUW1-Train:ml.g5.xlarge-foo")])
        assert price_of(aws, TYPE, REGION, tmp_path) == 1.574
        assert len(pricing.asked) == 2

    def test_another_region_and_another_type_are_other_prices(self, pricing: Pricing, aws: Any, tmp_path: Path) -> None:
        known = Prices(aws, tmp_path)
        told = [known.of(*asked) for asked in ((TYPE, REGION), (TYPE, "us-east-1"), ("ml.m5.large", REGION))]
        assert told == [1.574, 1.574, None]
        assert len(pricing.asked) == 3

    def test_an_unknown_price_is_asked_again(self, pricing: Pricing, aws: Any, tmp_path: Path) -> None:
        pricing.pages = [[]]
        assert price_of(aws, TYPE, REGION, tmp_path) is None
        pricing.pages = [[product("EUW1-Train:ml.g5.xlarge", "2")]]
        assert price_of(aws, TYPE, REGION, tmp_path) == 2.0

    def test_a_price_that_may_not_be_asked_is_unknown(self, pricing: Pricing, aws: Any, tmp_path: Path) -> None:
        pricing.denied = True
        started = time.monotonic()
        assert price_of(aws, TYPE, REGION, tmp_path) is None
        assert time.monotonic() - started < 5
        assert list(tmp_path.iterdir()) == []

    def test_an_answer_that_does_not_come_is_waited_for_once(
        self, pricing: Pricing, aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(prices, "PATIENCE", 0.5)
        pricing.held.clear()
        known = Prices(aws, tmp_path)
        started = time.monotonic()
        assert [known.of(f"ml.g5.{number}xlarge", REGION) for number in (2, 4, 8, 12, 16)] == [None] * 5
        assert time.monotonic() - started < 2

    def test_a_late_price_is_there_for_the_next_job(
        self, pricing: Pricing, aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(prices, "PATIENCE", 0.01)
        pricing.held.clear()
        assert price_of(aws, TYPE, REGION, tmp_path) is None
        pricing.held.set()
        deadline = time.monotonic() + 20
        while (found := price_of(aws, TYPE, REGION, tmp_path)) is None:
            assert time.monotonic() < deadline
        assert found == 1.574

    def test_without_credentials_or_a_network_it_is_unknown(self, tmp_path: Path) -> None:
        class Nobody:
            def client(self, service: str, region: str | None = None) -> Any:
                raise MachineError("aws.credentials", "none found")

        assert price_of(Nobody(), TYPE, REGION, tmp_path) is None

    def test_a_folder_that_cannot_be_written_costs_only_the_memory(
        self, pricing: Pricing, aws: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("")
        assert price_of(aws, TYPE, REGION, tmp_path / "file") == 1.574

    @pytest.mark.parametrize(
        "written",
        [
            *(b"", b"{", b"\xff", b"[]", b"{}", b"[" * 90_000),
            *(b'{"usd": "x", "asked": 1}', b'{"usd": 0, "asked": 1000000}', b'{"usd": NaN, "asked": 1000000}'),
            *(b'{"usd": 3, "asked": 1000001}', b'{"usd": 3, "asked": null}'),
        ],
    )
    def test_a_broken_file_is_asked_anew(self, pricing: Pricing, aws: Any, tmp_path: Path, written: bytes) -> None:
        file = tmp_path / REGION / f"{TYPE}.json"
        file.parent.mkdir()
        file.write_bytes(written)
        assert Prices(aws, tmp_path, lambda: 1_000_000.0).of(TYPE, REGION) == 1.574
        assert json.loads(file.read_bytes()) == {"usd": 1.574, "asked": 1_000_000.0}

    @pytest.mark.parametrize("name", ["../x", "", "a/b", "x" * 200])
    def test_a_name_that_is_none_is_not_asked_for(self, pricing: Pricing, aws: Any, tmp_path: Path, name: str) -> None:
        assert price_of(aws, name, REGION, tmp_path) is None
        assert price_of(aws, TYPE, name, tmp_path) is None
        assert pricing.asked == []
