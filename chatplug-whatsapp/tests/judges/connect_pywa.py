"""pywa before the fake of Meta: a client's sign-up becomes a number that is registered, and leaves again.

Takes JSON on standard input: base_url, app_id, app_secret, code, waba_id, phone_id, callback, verify_token. Tells as JSON
what it read; raises when it does not understand.
"""

import faulthandler
import json
import sys

import httpx
from pywa import WhatsApp

# Whatever takes so long hangs.
faulthandler.dump_traceback_later(30, exit=True)
given = json.load(sys.stdin)


def client(token):
    wa = WhatsApp(
        phone_id=given["phone_id"], waba_id=given["waba_id"], token=token, server=None, api_version=23.0
    )
    wa.api._session.base_url = httpx.URL(given["base_url"] + "/v23.0")
    return wa


def exchange():
    return client("none").api.get_business_access_token(given["app_id"], given["app_secret"], given["code"])


token = exchange()["access_token"]
try:
    exchange()
except Exception as error:  # pywa has a class for each of Meta's codes
    again = error.code
else:
    again = None
wa = client(token)
before = wa.get_business_phone_numbers()[0]
assert wa.register_phone_number(pin=314159)
after = wa.get_business_phone_number()
assert wa.override_waba_callback_url(given["callback"], given["verify_token"])
told = wa.api.get_waba_subscribed_apps(given["waba_id"])["data"][0]
assert wa.delete_waba_callback_url()
assert "override_callback_uri" not in wa.api.get_waba_subscribed_apps(given["waba_id"])["data"][0]
assert wa.deregister_phone_number()
json.dump(
    {
        "again": again,
        "before": [before.id, before.display_phone_number, before.platform_type],
        "after": after.platform_type,
        "override": told["override_callback_uri"],
        "app": told["whatsapp_business_api_data"]["id"],
    },
    sys.stdout,
)
