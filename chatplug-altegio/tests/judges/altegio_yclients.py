"""yclients before the fake of Altegio: from the catalogue to a record that is deleted, and the webhooks between.

Takes JSON on standard input: base_url, partner, user, company, staff, service, day, phone, posts. Tells as JSON what it
read; raises when it does not understand.
"""

import asyncio
import faulthandler
import json
import sys

from pydantic import TypeAdapter, ValidationError
from yclients import YclientsClient, YclientsWebhook, parse_webhook
from yclients.exceptions import YclientsApiError
from yclients.models.schemas import (
    BookCheckCompanyidRequestDataTypes,
    CompanyCompanyidClientsSearchRequestDataTypes,
    RecordsCompanyidRequestDataTypes,
    RecordsCompanyidResponseDataTypesDataItem,
)

# Whatever takes so long hangs.
faulthandler.dump_traceback_later(30, exit=True)
given = json.load(sys.stdin)
company, staff, service, day = given["company"], given["staff"], given["service"], given["day"]


async def taken(call):
    """Of a check it wants the whole answer as `data`, which the platform leaves empty."""
    try:
        await call
    except ValidationError as error:
        assert error.errors()[0]["input"] is None, error


async def refusal(call):
    try:
        await call
    except YclientsApiError as error:
        return error.status_code
    return None


async def main():
    async with YclientsClient(given["partner"], given["user"], base_url=given["base_url"]) as client:
        # It joins lists by commas, which the platform ignores.
        chosen = {"service_ids[]": service}
        services = await client.booking.get_book_services(company, staff_id=staff)
        people = await client.booking.list_staff(company, extra_query=chosen)
        assert staff in [one.id_ for one in people], people
        dates = await client.booking.get_book_dates(company, staff_id=staff, extra_query=chosen)
        assert day in [str(one) for one in dates.booking_dates], dates
        times = await client.booking.list_times(company, staff, day, extra_query=chosen)
        start = times[0].datetime_ if hasattr(times[0], "datetime_") else times[0].datetime
        start = start.isoformat() if hasattr(start, "isoformat") else str(start)
        appointment = {"id": 1, "services": [service], "staff_id": staff, "datetime": start}
        check = BookCheckCompanyidRequestDataTypes.model_validate({"appointments": [appointment]})
        await taken(client.booking.check(company, check))
        wanted = {
            "staff_id": staff,
            "services": [{"id": service, "first_cost": 30, "discount": 0, "cost": 30}],
            "client": {"phone": "+" + given["phone"], "name": "Maria", "email": "maria@example.com"},
            "datetime": start,
            "seance_length": 3600,
            "save_if_busy": False,
            "send_sms": False,
            "comment": "",
            "api_id": "key",
        }
        body = RecordsCompanyidRequestDataTypes.model_validate(wanted)
        # Ids are numbers with a point to it.
        record = int((await client.records.create(company, body))[0].id_)
        refused = [await refusal(client.records.create(company, body)), await refusal(client.booking.check(company, check))]
        # Its model of one record has a text for the client; that of a list is right.
        read = await client.records._client.request(
            "GET",
            "/api/v1/record/{company_id}/{record_id}",
            path_params={"company_id": company, "record_id": record},
            response_model=RecordsCompanyidResponseDataTypesDataItem,
        )
        assert read.id_ == record, read
        later = RecordsCompanyidRequestDataTypes.model_validate(
            wanted | {"datetime": f"{day}T10:00:00+00:00", "attendance": 2}
        )
        await client.records.update(company, record, later)
        listed = await client.records.list(company, start_date=day, end_date=day, staff_id=staff)
        assert [one.id_ for one in listed] == [record], listed
        # Its model takes lists only: a quick search, whose value is text, cannot be said in it.
        search = CompanyCompanyidClientsSearchRequestDataTypes.model_validate(
            {
                "page": 1,
                "page_size": 25,
                "fields": ["id", "name", "phone"],
                "filters": [{"type": "id", "state": {"value": [int(read.client_.id_)]}}],
            }
        )
        found = await client.clients.search(company, search)
        await client.records.delete(company, record)
        refused.append(await refusal(client.records.get(company, record)))
        events = []
        for post in given["posts"]:
            # This raises where `parse_webhook` gives up and calls it unknown.
            TypeAdapter(YclientsWebhook).validate_python(post)
            events.append(parse_webhook(json.dumps(post)))
        return {
            "services": [one.title for one in services.services],
            "times": [one.time for one in times],
            "record": record,
            "refused": refused,
            "found": [[one.name, one.phone] for one in found],
            "webhooks": [f"{event.resource} {event.status}" for event in events],
        }


json.dump(asyncio.run(main()), sys.stdout)
