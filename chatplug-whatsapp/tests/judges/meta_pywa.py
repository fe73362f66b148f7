"""pywa before the fake of Meta: it checks what the fake signed, reads what it posted, and sends to it.

Takes JSON on standard input: base_url, token, phone_id, to, app_secret, verify_token, template, posts (body, signature).
Tells as JSON what it read and what it sent; raises when it does not understand.
"""

import faulthandler
import json
import logging
import sys

import httpx
from pywa import WhatsApp, types
from pywa.types.templates import BodyText, QuickReplyButton, TemplateLanguage

# Whatever takes so long hangs.
faulthandler.dump_traceback_later(30, exit=True)
# It warns of every signature that is forged below.
logging.getLogger("pywa").setLevel(logging.ERROR)
given = json.load(sys.stdin)
wa = WhatsApp(
    phone_id=given["phone_id"],
    token=given["token"],
    app_secret=given["app_secret"],
    verify_token=given["verify_token"],
    server=None,
    filter_updates=False,
    api_version=23.0,
)
wa.api._session.base_url = httpx.URL(given["base_url"] + "/v23.0")

read = []
wa.on_message()(lambda _, message: read.append([str(message.type), message.from_user.name or ""]))
wa.on_callback_button()(lambda _, tap: read.append(["tap", tap.data]))
wa.on_callback_selection()(lambda _, pick: read.append(["pick", pick.data]))
wa.on_message_status()(lambda _, status: read.append([f"status:{status.status}", status.tracker or ""]))
wa.on_user_marketing_preferences()(lambda _, preference: read.append(["preference", str(preference.value)]))

for post in given["posts"]:
    body = post["body"].encode()
    refused = wa.webhook_update_validator(body, post["signature"])
    assert refused is None, (refused, post)
    forged = wa.webhook_update_validator(body + b" ", post["signature"])
    assert forged is not None, "a changed body passes"
    before = len(read)
    wa.webhook_update_handler(body)
    assert len(read) > before, f"not understood: {post['body']}"

to = given["to"]
sent = [
    wa.send_message(to, "hello", tracker="key-1"),
    wa.send_message(to, "Which?", buttons=[types.Button("Yes", "v1:yes"), types.Button("No", "v1:no")]),
    wa.send_message(
        to,
        "When?",
        buttons=types.SectionList(
            "See times",
            [types.Section("Monday", [types.SectionRow("15:30", "v1:1", "with Ana")])],
        ),
    ),
    wa.send_message(to, "Pay", buttons=types.URLButton("Pay", "https://pay.example.com/s/abc")),
    wa.send_image(to, "https://cdn.example.com/a.jpg", caption="Your cut"),
    wa.send_document(to, b"BEGIN:VCALENDAR", filename="visit.ics", mime_type="text/plain"),
    wa.send_location(to, latitude=38.7, longitude=-9.1, name="Studio", address="Rua Nova 1"),
    wa.send_reaction(to, "👍", message_id=given["quoted"]),
    wa.send_template(
        to,
        name=given["template"],
        language=TemplateLanguage.ENGLISH_US,
        params=[
            BodyText.params("Sheena", "March 2"),
            QuickReplyButton.params(callback_data="v1:confirm", index=0),
            QuickReplyButton.params(callback_data="v1:move", index=1),
        ],
    ),
]
assert wa.mark_message_as_read(given["quoted"])
assert wa.indicate_typing(given["quoted"])
try:
    wa.send_message(to, "x" * 5000)
except Exception as error:  # pywa has a class for each of Meta's codes
    refusal = type(error).__name__
else:
    refusal = None
json.dump({"read": read, "sent": [message.id for message in sent], "refusal": refusal}, sys.stdout)
