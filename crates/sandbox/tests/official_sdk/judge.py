"""Criteo's own Python SDK as the judge of the sandbox.

Calls every read operation that the three read scopes and no scope at all reach, through the SDK's API classes, so
that the SDK sends each request and parses each answer, with its type checks on. Reports are files for the SDK; their
content is checked here against Criteo's contract.

Reads CRITEO_API_URL, CRITEO_CLIENT_ID and CRITEO_CLIENT_SECRET. Prints one line per operation, and exits 1 when one
raised, answered an unexpected shape or was never called.
"""

import gzip
import json
import os
import sys
import traceback
import urllib.request
from datetime import datetime, timedelta

from criteo_api_marketingsolutions_v2026_07.api.advertiser_api import AdvertiserApi
from criteo_api_marketingsolutions_v2026_07.api.analytics_api import AnalyticsApi
from criteo_api_marketingsolutions_v2026_07.api.campaign_api import CampaignApi
from criteo_api_marketingsolutions_v2026_07.api.creative_api import CreativeApi
from criteo_api_marketingsolutions_v2026_07.api.gateway_api import GatewayApi
from criteo_api_marketingsolutions_v2026_07.api_client_builder import ApiClientBuilder
from criteo_api_marketingsolutions_v2026_07.exceptions import ForbiddenException
from criteo_api_marketingsolutions_v2026_07 import models

# The contract has a campaign's status as one of the integers 0, 1 and 2. This release of the SDK types it as an integer
# but compares it with "0", "1" and "2", so that no status but null can pass: a mistake of its generator, put right here.
models.AdvertiserCampaignMessage.allowed_values[("status",)] = {"None": None, "0": 0, "1": 1, "2": 2}

# The sandbox takes turns between three ways of saying "no errors, no warnings": each operation meets all of them.
ROUNDS = 3


def require(condition, message):
    if not condition:
        raise AssertionError(message)


def fetch(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def content(file):
    """The bytes of a report, which the SDK hands over as an open file."""
    with file:
        return file.read()


class Judge:
    def __init__(self, url):
        client = ApiClientBuilder.WithClientCredentials(
            os.environ["CRITEO_CLIENT_ID"], os.environ["CRITEO_CLIENT_SECRET"], url
        )
        self.url = url
        self.advertisers = AdvertiserApi(client)
        self.analytics = AnalyticsApi(client)
        self.campaigns = CampaignApi(client)
        self.creatives = CreativeApi(client)
        self.gateway = GatewayApi(client)
        self.verdicts = {}

    def run(self):
        now = json.loads(fetch(self.url + "/admin/clock"))["now"]
        self.today = datetime.fromisoformat(now[:10])
        for group in (self.portfolio, self.reports, self.campaign_family, self.creative_family, self.marketplace):
            try:
                group()
            except Exception:
                # Without an id there is nothing to ask next; the operations not reached are reported as such.
                self.verdicts[group.__name__] = traceback.format_exc(limit=3)

    def call(self, operation, check, *arguments, **named):
        """Calls an operation of an API object as often as there are rounds, and gives the last answer."""
        name = operation.__name__
        answer = None
        self.verdicts.setdefault(name, None)
        for _ in range(ROUNDS):
            try:
                answer = operation(*arguments, **named)
                answer = check(answer) or answer
            except Exception:
                self.verdicts[name] = traceback.format_exc(limit=3)
                raise
        return answer

    def portfolio(self):
        def named(answer):
            require(answer.data, "no advertiser")
            require(all(found.attributes.advertiser_name for found in answer.data), "an advertiser without a name")

        answer = self.call(self.advertisers.list_advertisers, named)
        self.ids = [found.id for found in answer.data]

        def application(answer):
            require(answer.data.attributes.application_id > 0, "no application id")

        self.call(self.gateway.get_current_application, application)

    def reports(self):
        ids = ",".join(self.ids)
        start, end = self.today - timedelta(days=3), self.today - timedelta(days=1)
        dimensions, metrics = ["AdvertiserId", "AdsetId", "Day"], ["Clicks", "Displays", "AdvertiserCost"]

        def statistics(file):
            report = json.loads(content(file))
            require(set(report) == {"Total", "Rows"}, f"members {sorted(report)}")
            require(report["Rows"], "no rows")
            wanted = {"AdvertiserId", "Advertiser", "AdsetId", "Adset", "Day", "Currency", *metrics}
            for row in report["Rows"]:
                require(set(row) == wanted, f"columns {sorted(row)}")
                require(all(isinstance(value, str) for value in row.values()), "a value that is no text")
            clicks = sum(int(row["Clicks"]) for row in report["Rows"])
            require(clicks == int(report["Total"]["Clicks"]), "clicks do not add up to their total")

        query = models.StatisticsReportQueryMessage(
            advertiser_ids=ids, currency="EUR", dimensions=dimensions, metrics=metrics,
            start_date=start, end_date=end, format="json", timezone="Europe/Paris",
        )
        self.call(self.analytics.get_adset_report, statistics, statistics_report_query_message=query)

        def placements(file):
            rows = json.loads(content(file))["data"][0]["attributes"]["rows"]
            require(rows, "no rows")
            wanted = {"advertiserid", "placement", "clicks", "displays", "currency"}
            for row in rows:
                require({key.lower() for key in row} >= wanted - {"currency"}, f"columns {sorted(row)}")
                require(all(isinstance(value, str) for value in row.values()), "a value that is no text")

        query = models.PlacementsReportQueryMessageListRequest(data=[models.PlacementsReportQueryMessageResource(
            type="report", attributes=models.PlacementsReportQueryMessage(
                advertiser_ids=ids, currency="EUR", dimensions=["AdvertiserId", "Placement"],
                metrics=["Clicks", "Displays"], start_date=start, end_date=end, disclosed=True,
            ))])
        self.call(self.analytics.get_placements_report, placements, placements_report_query_message_list_request=query)

        def transactions(file):
            entries = json.loads(content(file))["data"]
            require(entries, "no entries")
            for entry in entries:
                attributes = entry["attributes"]
                datetime.strptime(attributes["transactionDate"], "%m/%d/%Y %H:%M:%S")
                require(attributes["attributedTransaction"] in ("True", "False"), "attributedTransaction")
                require(attributes["crossDeviceTransaction"] in ("Yes", "No"), "crossDeviceTransaction")
                float(attributes["amount"])

        query = models.TransactionsReportQueryMessageListRequest(data=[models.TransactionsReportQueryMessageResource(
            type="Report", attributes=models.TransactionsReportQueryMessage(
                advertiser_ids=ids, currency="EUR", start_date=start, end_date=end, format="json",
            ))])
        self.call(self.analytics.get_transactions_report, transactions,
                  transactions_report_query_message_list_request=query)

        def transparency(answer):
            attributes = answer.data[0].attributes
            require(len(attributes.files) == 3, f"{len(attributes.files)} files for three days")
            require(attributes.token_valid_until.tzinfo is not None, "tokenValidUntil has no time zone")
            # A plain download, without the SDK's token.
            lines = gzip.decompress(fetch(attributes.files[0].url)).splitlines()
            require(len(lines) > 1, "a log file without lines")

        query = models.TransparencyQueryMessage(start_date=start, end_date=end, should_display_product_ids=False)
        self.call(self.analytics.get_transparency_report, transparency, self.ids[0], transparency_query_message=query)

    def campaign_family(self):
        api = self.campaigns

        def some(answer):
            require(answer.data, "nothing found")

        def of_first(answer):
            some(answer)
            require({found.attributes.advertiser_id for found in answer.data} == {self.ids[0]}, "a filter let others through")

        filters = models.CampaignSearchFiltersV23Q1(advertiser_ids=[self.ids[0]])
        found = self.call(api.search_campaigns, of_first,
                          campaign_search_request_v23_q1=models.CampaignSearchRequestV23Q1(filters=filters))
        campaign = found.data[0].id

        def is_campaign(answer):
            require(answer.data.id == campaign, "another campaign")
            require(answer.data.attributes.name, "no name")

        self.call(api.get_campaign, is_campaign, campaign)
        filters = models.AdSetSearchFilterV26Q1(campaign_ids=[campaign])
        found = self.call(api.search_ad_sets, of_first,
                          ad_set_search_request_v26_q1=models.AdSetSearchRequestV26Q1(filters=filters))
        self.ad_set = found.data[0].id

        def is_ad_set(answer):
            require(answer.data.id == self.ad_set, "another ad set")
            require(answer.data.attributes.schedule.delivery_status, "no delivery status")

        self.call(api.get_ad_set, is_ad_set, self.ad_set)
        self.call(api.get_ad_set_category_bids, some, self.ad_set)
        self.call(api.get_display_multipliers, some, self.ad_set)

    def creative_family(self):
        api, advertiser = self.creatives, self.ids[0]

        def page(answer):
            require(0 < len(answer.data) <= 2, f"{len(answer.data)} elements on a page of two")

        def same(answer):
            require(answer.data.id == wanted, "another element")

        wanted = self.call(api.get_advertiser_ads, page, advertiser, limit=2, offset=0).data[0].id
        self.call(api.get_ad, same, wanted)
        wanted = self.call(api.get_advertiser_creatives, page, advertiser, limit=2, offset=0).data[0].id
        self.call(api.get_creative, same, wanted)
        wanted = self.call(api.get_advertiser_coupons, page, advertiser, limit=2, offset=0).data[0].id
        self.call(api.get_advertiser_coupon, same, advertiser, wanted)

        def html(answer):
            require(answer.lstrip().startswith("<"), "a preview that is no HTML")

        self.call(api.get_advertiser_coupon_preview, html, advertiser, wanted, width=300, height=250)

        def sizes(answer):
            require(answer.data.attributes.full_frame, "no sizes")

        self.call(api.get_advertiser_coupon_supported_sizes, sizes, advertiser)

    def marketplace(self):
        api = self.campaigns

        def some(answer):
            require(answer, "an empty list")

        def html(answer):
            require(answer.lstrip().startswith("<"), "a preview that is no HTML")

        advertiser = self.call(api.get_marketplace_advertisers, some)[0].id

        def same(answer):
            require(answer.id == wanted, "another element")

        wanted = advertiser
        # Ids are numbers in the answers and text in the paths.
        in_path = str(advertiser)
        self.call(api.get_marketplace_advertiser, same, in_path)
        self.call(api.get_marketplace_advertiser_preview_limits, some)
        self.call(api.get_marketplace_ad_sets_by_advertiser, some, in_path)
        self.call(api.get_marketplace_campaigns_by_advertiser, some, in_path)
        wanted = seller = self.call(api.get_marketplace_sellers, some, advertiser_id=advertiser)[0].id
        self.call(api.get_marketplace_seller, same, seller)
        self.call(api.get_marketplace_seller_ad_preview, html, in_path, int(seller), width=300, height=250)
        found = self.call(api.get_marketplace_seller_campaigns, some, advertiser_id=advertiser)
        wanted = seller_campaign = found[0].id
        self.call(api.get_marketplace_seller_campaign, same, seller_campaign)
        self.call(api.get_marketplace_seller_campaigns_by_advertiser, some, in_path)
        self.call(api.get_marketplace_seller_campaigns_by_seller, some, seller)
        wanted = self.call(api.get_marketplace_seller_budgets, some, advertiser_id=advertiser)[0].id
        self.call(api.get_marketplace_seller_budget, same, wanted)
        self.call(api.get_marketplace_budgets_by_advertiser, some, in_path)
        any_list = lambda answer: require(isinstance(answer, list), "no list")
        self.call(api.get_marketplace_budgets_by_seller, any_list, seller)
        self.call(api.get_marketplace_budgets_by_seller_campaign, any_list, seller_campaign)

        def table(answer):
            require(answer.data, "no rows")
            require(answer.rows == len(answer.data), "rows is not the number of rows")
            require(all(len(row) == len(answer.columns) for row in answer.data), "a row of another length")

        start, end = self.today - timedelta(days=7), self.today - timedelta(days=1)
        for operation in (
            api.get_marketplace_campaigns_stats,
            api.get_marketplace_sellers_stats,
            api.get_marketplace_seller_campaigns_stats,
        ):
            self.call(operation, table, advertiser_id=advertiser, start_date=start, end_date=end, interval_size="Day")

    def refused(self):
        """An operation of a domain that the key lacks must be a 403 that the SDK understands."""
        try:
            self.creatives.delete_ad("1")
        except ForbiddenException as refusal:
            require(json.loads(refusal.body)["errors"][0]["code"], "a refusal without a code")
            return
        raise AssertionError("An operation that needs Creative_Manage was not refused")


def main():
    url = os.environ["CRITEO_API_URL"]
    judge = Judge(url)
    judge.run()
    judge.refused()
    failures = {name: verdict for name, verdict in judge.verdicts.items() if verdict}
    calls = json.loads(fetch(url + "/admin/calls"))
    answered = {
        call["operation"] for call in calls
        if call["status"] == 200 and call["operation"] not in ("CreateToken", "DownloadLogFile")
    }
    for name in sorted(judge.verdicts):
        print("FAILED" if name in failures else "ok    ", name)
    for name, verdict in failures.items():
        print(f"\n{name}:\n{verdict}")
    print(f"{len(answered)} operations of 40 were answered, {len(failures)} failures")
    return 0 if len(answered) == 40 and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
