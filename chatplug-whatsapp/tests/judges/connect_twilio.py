"""Twilio's Python library before the fake of Twilio: a subaccount, and a sender in it that comes online and is deleted.

Takes JSON on standard input: base_url, account, token, number, waba_id, callback, code. Tells as JSON what it read; raises
when it does not understand.
"""

import faulthandler
import json
import sys
from urllib.parse import urlsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from twilio.rest.messaging.v2.channels_sender import ChannelsSenderList

# Whatever takes so long hangs.
faulthandler.dump_traceback_later(30, exit=True)
given = json.load(sys.stdin)


class Fake(TwilioHttpClient):
    """Takes every host of Twilio's for the one that is given."""

    def request(self, method, url, *args, **kwargs):
        path = urlsplit(url)
        path = path.path + (f"?{path.query}" if path.query else "")
        return super().request(method, given["base_url"] + path, *args, **kwargs)


main = Client(given["account"], given["token"], http_client=Fake())
made = main.api.v2010.accounts.create(friendly_name="chatplug bella")
found = main.api.v2010.accounts.list(friendly_name="chatplug bella")
own = Client(made.sid, made.auth_token, http_client=Fake())
senders = own.messaging.v2.channels_senders
wanted = ChannelsSenderList.MessagingV2ChannelsSenderRequestsCreate(
    {
        "sender_id": f"whatsapp:{given['number']}",
        "configuration": {"waba_id": given["waba_id"], "verification_method": "sms"},
        "webhook": {"callback_url": given["callback"], "callback_method": "POST"},
        "profile": {"name": "Studio Bella"},
    }
)
sender = senders.create(messaging_v2_channels_sender_requests_create=wanted)
states = [str(senders(sender.sid).fetch().status) for _ in range(2)]
code = {"configuration": {"verification_code": given["code"]}}
senders(sender.sid).update(
    messaging_v2_channels_sender_requests_update=ChannelsSenderList.MessagingV2ChannelsSenderRequestsUpdate(code)
)
states += [str(senders(sender.sid).fetch().status) for _ in range(2)]
listed = [one.sid for one in senders.list(channel="whatsapp")]
online = senders(sender.sid).fetch()
assert senders(sender.sid).delete()
json.dump(
    {
        "one": [account.sid for account in found] == [made.sid],
        "states": states,
        "listed": listed == [sender.sid],
        "callback": online.webhook["callback_url"],
    },
    sys.stdout,
)
