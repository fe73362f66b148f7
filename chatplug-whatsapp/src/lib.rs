//! WhatsApp for chatplug: the Meta Cloud API messenger and webhooks.
