channel-kind-pagerduty = PagerDuty
channel-about-pagerduty = Opens an incident when a check goes down, and resolves it when it is back.
field-pagerduty-key = Integration key
field-pagerduty-key-hint = 32 letters and digits. A test opens an incident whose title begins with TEST; resolve it yourself.
field-pagerduty-region = Service region
field-pagerduty-region-hint = eu for accounts at eu.pagerduty.com.
field-pagerduty-severity = Severity
field-pagerduty-severity-hint = What PagerDuty makes of it depends on the service's urgency.
field-pagerduty-url = Gateway
field-pagerduty-url-hint = Empty: PagerDuty itself. Else a server of yours that passes requests on; MAIBO_OUTBOUND_ALLOW must cover it.
channel-steps-pagerduty =
    In PagerDuty: Services → your service → Integrations → Add an integration.
    Choose Events API V2.
    Open the integration and copy its integration key into the field.
setting-error-pagerduty-key = an integration key has 32 letters and digits; copy it from the service's Integrations, Events API V2
