channel-kind-opsgenie = Jira Service Management, Opsgenie
channel-about-opsgenie = Opens an alert when a check goes down, and closes it when it is back.
field-opsgenie-key = API key
field-opsgenie-key-hint = The key of an API integration. A test opens an alert whose title begins with TEST; close it yourself.
field-opsgenie-service = Service
field-opsgenie-service-hint = jsm: Jira Service Management, where Opsgenie moves to. opsgenie and opsgenie-eu: accounts that have not moved yet.
field-opsgenie-priority = Priority
field-opsgenie-priority-hint = P1 is the most urgent.
field-opsgenie-url = Gateway
field-opsgenie-url-hint = Empty: the service itself. Else a server of yours that passes requests on; MAIBO_OUTBOUND_ALLOW must cover it.
channel-steps-opsgenie =
    In Jira Service Management: Operations → your team → Integrations → Add integration → API. In Opsgenie: Teams → your team → Integrations → Add integration → API.
    Give it the right to create and update alerts, and turn it on.
    Copy its API key into the field and choose the service.
setting-error-opsgenie-key = an API key looks like eb243592-faa2-4ba2-a551-1afdf565c889; copy that of an API integration
