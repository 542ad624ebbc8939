setting-error-bark = this is neither a device key nor the address that Bark shows
channel-kind-bark = Bark
channel-about-bark = A push to your iPhone.
field-bark-key = Device key
field-bark-key-hint = Or the whole address that the app shows, https://api.day.app/….
field-bark-url = Server
field-bark-url-hint = Only for a Bark server of your own.
field-bark-level = Loudness
field-bark-level-hint = timeSensitive breaks through focus modes, critical through silent mode too. When a check is back, it is always active.
field-bark-sound = Sound
field-bark-sound-hint = The name of one of Bark's sounds, for example alarm.
field-bark-group = Group
field-bark-group-hint = How the notifications are grouped; Maibo if empty.
channel-steps-bark =
    Install Bark from the App Store and allow notifications.
    Copy the address that it shows into the field.
    For critical alerts, allow them for Bark in the iPhone's settings.
