channel-kind-splunk = Splunk On-Call
channel-about-splunk = Opens an incident when a check goes down, and recovers it when it is back. Formerly VictorOps.
field-splunk-url = REST endpoint URL
field-splunk-url-hint = It begins with https://alert.victorops.com/integrations/generic/. A test opens an incident called TEST; resolve it yourself.
field-splunk-routing = Routing key
field-splunk-routing-hint = Takes the place of $routing_key at the end of the URL. Empty: what stands there.
field-splunk-severity = Severity
field-splunk-severity-hint = CRITICAL pages; WARNING does where your settings say so.
channel-steps-splunk =
    In Splunk On-Call: Integrations → 3rd Party Integrations → REST – Generic; enable it.
    Copy the URL to notify into the field.
    Type one of your routing keys (Settings → Routing Keys).
setting-error-splunk-url = this is no REST endpoint; its address looks like https://alert.victorops.com/integrations/generic/20131114/alert/KEY/ROUTING
setting-error-splunk-routing = one of your routing keys is needed, in letters, digits, - and _, here or at the end of the URL
