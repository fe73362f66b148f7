"""Twilio's Python library before the fake of Twilio: it checks what the fake signed, and sends to it.

Takes JSON on standard input: base_url, account, token, from, to, url, posts (body, signature, url). Tells as JSON what it
sent; raises when it does not understand.
"""

import faulthandler
import json
import sys
from urllib.parse import parse_qsl, urlsplit

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

# Whatever takes so long hangs.
faulthandler.dump_traceback_later(30, exit=True)
given = json.load(sys.stdin)


class Fake(TwilioHttpClient):
    """Takes every host of Twilio's for the one that is given."""

    def request(self, method, url, *args, **kwargs):
        path = urlsplit(url)
        path = path.path + (f"?{path.query}" if path.query else "")
        return super().request(method, given["base_url"] + path, *args, **kwargs)


validator = RequestValidator(given["token"])
for post in given["posts"]:
    form = dict(parse_qsl(post["body"], keep_blank_values=True))
    assert validator.validate(post["url"], form, post["signature"]), f"not signed as the library signs: {post}"
    assert not validator.validate(post["url"] + "x", form, post["signature"]), "another address passes"
    assert not validator.validate(post["url"], form | {"Body": "forged"}, post["signature"]), "a changed form passes"

client = Client(given["account"], given["token"], http_client=Fake())
sender, to = f"whatsapp:{given['from']}", f"whatsapp:{given['to']}"
buttons = client.request(
    "POST",
    "https://content.twilio.com/v1/Content",
    data={
        "friendly_name": "judge",
        "language": "en",
        "variables": {"1": "Which?"},
        "types": {"twilio/quick-reply": {"body": "{{1}}", "actions": [{"title": "Yes", "id": "v1:yes"}]}},
    },
    headers={"Content-Type": "application/json"},
    auth=(given["account"], given["token"]),
)
content = json.loads(buttons.text)["sid"]
listed = [one.sid for one in client.content.v1.contents.list()]
assert content in listed, (content, listed)
assert client.content.v1.contents(content).fetch().friendly_name == "judge"
sent = [
    client.messages.create(from_=sender, to=to, body="hello"),
    client.messages.create(from_=sender, to=to, body="Your cut", media_url=["https://cdn.example.com/a.jpg"]),
    client.messages.create(from_=sender, to=to, content_sid=content, content_variables=json.dumps({"1": "Which?"})),
]
for message in sent:
    assert client.messages(message.sid).fetch().sid == message.sid
try:
    client.messages.create(from_=sender, to=to, body="x" * 2000)
except TwilioRestException as error:
    refusal = error.code
else:
    refusal = None
json.dump({"sent": [message.sid for message in sent], "refusal": refusal}, sys.stdout)
