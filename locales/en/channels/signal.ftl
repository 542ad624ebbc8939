setting-error-signal-to = `{ $value }` is neither a number like +4915112345678, nor a user name like alice.01, nor a group's id
setting-error-phone-code = `{ $value }` is no phone number with country code, like +8613800138000
channel-kind-signal = Signal
channel-about-signal = A Signal message, through your own signal-cli.
field-signal-url = signal-cli
field-signal-url-hint = Where its HTTP daemon listens, for example http://127.0.0.1:8080; MAIBO_OUTBOUND_ALLOW must cover it.
field-signal-to = To
field-signal-to-hint = A number with country code, a user name like alice.01, or a group's id.
field-signal-account = Sender
field-signal-account-hint = The number that signal-cli sends from; only when the daemon serves several.
channel-steps-signal =
    Install signal-cli and register a number, or link it to your phone: signal-cli link.
    Start it as a daemon: signal-cli daemon --http 127.0.0.1:8080.
    Type that address and who is to be told. For a group: signal-cli listGroups shows its id.
