"""The channels of alerts, as the settings name them."""

from api.settings import Settings
from jobs.alerts.alerting import Alerting
from jobs.alerts.channels.channel import Channel
from jobs.alerts.channels.log import Log
from jobs.alerts.channels.mail import Mail, Security
from jobs.alerts.channels.pagerduty import URL, PagerDuty
from jobs.alerts.channels.slack import Slack
from jobs.alerts.wording import Language, Wording


def of(settings: Settings) -> Alerting:
    wording = Wording(Language(settings.language))
    link = f"{settings.public_url.rstrip('/')}/graphql" if settings.public_url else None
    told: list[Channel] = [Log()]
    if settings.smtp_host and settings.alert_email_from:
        told.append(
            Mail(
                host=settings.smtp_host,
                port=settings.smtp_port,
                security=Security(settings.smtp_security),
                username=settings.smtp_username,
                password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
                ca_file=settings.smtp_ca_file,
                sender=settings.alert_email_from,
                recipients=tuple(settings.alert_email_to),
                wording=wording,
                link=link,
            )
        )
    if settings.slack_webhook_url:
        told.append(Slack(settings.slack_webhook_url.get_secret_value(), wording=wording, link=link))
    if settings.pagerduty_routing_key:
        key, url = settings.pagerduty_routing_key.get_secret_value(), settings.pagerduty_url or URL
        told.append(PagerDuty(key, url=url, wording=wording, link=link))
    return Alerting(tuple(told))
