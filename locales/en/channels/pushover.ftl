setting-error-pushover-key = a key has 30 letters and digits
setting-error-pushover-word = `{ $value }` should have letters, digits, - and _ only
channel-kind-pushover = Pushover
channel-about-pushover = A push to your phone; an emergency rings until somebody has seen it.
field-pushover-token = API token
field-pushover-token-hint = Of an application that you create for Maibo.
field-pushover-user = User or group key
field-pushover-user-hint = On your dashboard at pushover.net.
field-pushover-device = Devices
field-pushover-device-hint = Empty: all. Several are separated by commas.
field-pushover-priority = Down: priority
field-pushover-priority-hint = emergency repeats every minute for an hour, until it is acknowledged or the check is back. high also rings in quiet hours.
field-pushover-priority-up = Up: priority
field-pushover-priority-up-hint = off: not told when a check is back.
field-pushover-sound = Sound
field-pushover-sound-hint = Empty: the one that you chose in the app. For example siren.
field-pushover-url = API address
field-pushover-url-hint = Leave it empty. Only for a gateway of your own, which MAIBO_OUTBOUND_ALLOW must cover.
channel-steps-pushover =
    Sign in at pushover.net: the user key is on your dashboard.
    Create an Application/API Token; call it Maibo.
    Copy both into the fields.
field-pushover-priority-high = high
field-pushover-priority-normal = normal
field-pushover-priority-quiet = quiet
field-pushover-priority-silent = silent
field-pushover-priority-emergency = emergency
field-pushover-priority-up-high = high
field-pushover-priority-up-normal = normal
field-pushover-priority-up-quiet = quiet
field-pushover-priority-up-silent = silent
field-pushover-priority-up-off = not told (off)
