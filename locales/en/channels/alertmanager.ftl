channel-kind-alertmanager = Alertmanager
channel-about-alertmanager = An alert in your Prometheus Alertmanager, which tells whom it should.
field-alertmanager-url = Alertmanager
field-alertmanager-url-hint = For example https://alerts.example.org. Of several in a cluster, each needs a channel of its own.
field-alertmanager-labels = Labels
field-alertmanager-labels-hint = One per line, such as team=db. Every alert has alertname=MaiboCheckDown and severity=critical, unless you say otherwise. Names of checks stand in the annotations.
field-alertmanager-user = User
field-alertmanager-user-hint = Only where Alertmanager asks for a password.
field-alertmanager-password = Password
field-alertmanager-password-hint = Only where Alertmanager asks for one.
channel-steps-alertmanager =
    Type the address at which Maibo reaches your Alertmanager.
    Add labels by which your routes choose a receiver.
    Press “Send a test”: an alert MaiboTest appears and ends by itself after 5 minutes. Alertmanager forgets alerts when it starts again; Maibo tells each outage once.
setting-error-alertmanager-label = `{ $value }` is not a label such as team=db; names have letters, digits and _, and check_key is taken
setting-error-alertmanager-user = a password needs a user beside it, and a user's name has no colon
