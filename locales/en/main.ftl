## Alerts: mails, robots, webhooks
alert-title-down = DOWN | { $name }
alert-title-up = UP | { $name }
alert-title-test = TEST | Maibo
alert-title-many = DOWN | { $count ->
    [one] 1 check
   *[other] { $count } checks
}
alert-title-many-up = UP | { $count ->
    [one] 1 check
   *[other] { $count } checks
}
alert-many-down = { $count } checks are down. The limit of this channel allows no message for each; their pages tell more.
alert-many-up = { $count } checks are back. The limit of this channel allows no message for each; their pages tell more.
alert-test-name = Test check
alert-test = This is a test. When one of your jobs falls silent, the alert will arrive here.
alert-down-missed = “{ $name }” is down: nothing was heard. It was due at { $due }, with { $grace } of grace.
alert-down-overrun = “{ $name }” is down: the run that started at { $started } did not end within { $grace }.
alert-down-fail = “{ $name }” is down: the job reported a failure at { $at }.
alert-down-exit = “{ $name }” is down: the job ended with exit status { $status } at { $at }.
alert-blind = “{ $name }” was not heard from. Maibo itself was away from { $from } to { $to }, so a ping may have been lost.
alert-blind-many = { $number } checks were not heard from. Maibo itself was away from { $from } to { $to }, so pings may have been lost.
alert-up = “{ $name }” is back after { $away }.
alert-up-missed = “{ $name }” is back after { $away }, { $missed }.
alert-runs-missed = { $count ->
    [one] 1 run missed
   *[other] { $count } runs missed
}
alert-and-more = , and { $count } more
alert-both = “{ $name }” was down from { $from } to { $to }, for { $away } ({ $reason }). It is back.
alert-both-missed = “{ $name }” was down from { $from } to { $to }, for { $away } ({ $reason }; { $missed }). It is back.
alert-reason-fail = the job reported a failure
alert-reason-exit = exit status { $status }
alert-reason-missed = nothing was heard
alert-reason-overrun = a run took too long
alert-title-canary = Sign of life | Maibo
alert-canary = This channel still works. Maibo says so from time to time, so that you would notice if it no longer did.
alert-title-channel-died = DOWN | channel “{ $name }”
alert-channel-died = The channel “{ $name }” no longer works: { $reason }. Alerts do not arrive there until somebody mends it.
alert-note-instead = sent here because the channel “{ $name }” failed: { $reason }
alert-fact-note = Note
alert-fact-project = Project
alert-fact-checks = Checks
alert-fact-tags = Tags
alert-fact-since = Down since
alert-fact-heard = Last heard
alert-fact-at = Time
alert-link = Open in Maibo
mail-footer = Sent by Maibo, which watches your jobs.
mail-why = You get this because the project “{ $project }” sends its alerts to this address.
mail-unsubscribe = Unsubscribe
mail-confirm-title = Do you want these alerts?
mail-confirm-text = Somebody set up Maibo at { $server } to mail you when a job of the project “{ $project }” falls silent. It will, once you confirm that you want that.
mail-confirm-footer = If you do not know what this is about, do nothing: no alerts will come, and no more mails, unless somebody asks again.
consent-confirm-title = Alerts of “{ $project }”
consent-confirm-text = Maibo will send alerts to { $address } when a job of this project falls silent, and when it is back. Each mail has a link to stop them.
consent-confirm-button = Yes, send me alerts
consent-confirmed-title = Confirmed
consent-confirmed-text = Alerts of “{ $project }” go to { $address } from now on.
consent-unsubscribe-title = Unsubscribe?
consent-unsubscribe-text = { $address } will get no more alerts of “{ $project }” from this channel. Those who run it are told.
consent-unsubscribe-button = Unsubscribe
consent-unsubscribed-title = Unsubscribed
consent-unsubscribed-text = { $address } gets no more of these alerts. To have them again, ask those who run “{ $project }”: they can send you a mail with a link to confirm.
check-unnamed = unnamed check

## The frame
skip = Skip to content
nav-main = Main
nav-checks = Checks
nav-channels = Channels
sign-out = Sign out
banner-nobody = This project has no working channel: when a job falls silent, nobody will hear about it.
banner-nobody-link = Add a channel
banner-hollow = No member of { $names } works: nobody hears of what goes only there.
banner-hollow-link = Look at the channels
note-check-made = The check is ready. Send its first ping to start the clock.
note-check-saved = Saved.
note-check-deleted = The check and its history are deleted.
note-check-paused = Paused: nothing is expected until it is resumed or pings again.
note-check-resumed = Resumed: it waits for its next ping.
note-channel-made = The channel is ready. Send a test to be sure.
note-channel-saved = Saved.
note-channel-asks = We are asking the recipient by mail. Alerts wait for the answer, for a day at most.
note-channel-deleted = The channel is deleted.
error-home = To the checks
error-not-found = Not here
error-not-found-text = There is no such page, or it is not yours to see.
error-forbidden = Not allowed
error-forbidden-text = Your part in this project does not allow this, or the request came from another site.
error-bad-request = Not understood
error-bad-request-text = The server could not make sense of this request. Nothing was changed.
error-too-many = Too many tries
error-too-many-text = Please wait a little before you try again.
error-too-many-wait = Please try again in { $span }.
error-too-large = Too large
error-too-large-text = That was more than the server takes at once. Nothing was changed.
error-unavailable = Not available right now
error-unavailable-text = The database did not answer. Nothing was changed; please try again in a few seconds.
error-server = Something went wrong
error-server-text = This is a fault of ours; the log of the server says more.

## People
setup-title = Welcome to Maibo
setup-text = Make the first user. It owns this installation.
setup-button = Start
email = Email
password = Password
password-hint = At least 8 characters.
sign-in = Sign in
sign-in-wrong = This address and password do not belong together.
sign-in-wait = Too many tries. Please wait { $span }.
sign-in-fresh = Nobody has an account yet. Open the set-up link that the server printed when it started.
sign-in-forgot = Forgot the password? On the server:

## Words for states
state-up = Up
state-late = Late
state-down = Down
state-paused = Paused
state-running = Running
state-new = New

## The list of checks
checks-none = No checks yet
checks-none-text = A check waits for a ping from one of your jobs and raises the alarm when it does not come.
checks-no-match = Nothing fits
checks-matching = { $count ->
    [one] 1 check
   *[other] { $count } checks
}
check-add = Add a check
filter-state = Filter by state
filter-clear = Show all
search = Search name, slug, tag
pages = Pages
page-prev = Previous
page-next = Next
col-state = State
col-name = Name
col-runs = Last 30 runs
col-schedule = Schedule
col-last = Last ping
col-due = Next due
col-ran = Ran
never = never
just-now = just now
now = now
ago = { $span } ago
running-for = running { $span }
due-overdue = overdue { $span }
due-down = down { $span }
due-ends-in = ends within { $span }
due-grace-left = { $span } of grace left
due-waiting = waiting
due-in = in { $span }
due-never = never
runs = { $count ->
    [0] no runs yet
    [one] 1 run
   *[other] { $count } runs
}
strip-label = { $runs }, { $missed } bad

## Schedules in words
schedule-every = every { $span }
schedule-every-days = { $count ->
    [one] every day
   *[other] every { $count } days
}
schedule-every-hours = { $count ->
    [one] every hour
   *[other] every { $count } hours
}
schedule-every-minutes = { $count ->
    [one] every minute
   *[other] every { $count } minutes
}
schedule-every-seconds = { $count ->
    [one] every second
   *[other] every { $count } seconds
}
today-at = today { $time }
schedule-hourly = hourly
schedule-hourly-at = hourly at :{ $minute }
schedule-days-at = { $days } at { $times }
schedule-daily = daily
schedule-month-days = on day { $days } of the month
schedule-zone-comma = ,{" "}
weekday-1 = Mon
weekday-2 = Tue
weekday-3 = Wed
weekday-4 = Thu
weekday-5 = Fri
weekday-6 = Sat
weekday-7 = Sun

## A check's page
headline-heard = Last heard { $span } ago.
headline-next = Next due { $due }, in { $span }.
headline-up = Up.
headline-down = Down for { $span }.
headline-down-missed = It was due { $due } and nothing came by { $end }.
headline-down-run = The run that started { $started } did not end in time.
headline-down-failed = The job reported a failure ({ $at }).
headline-late = Late.
headline-late-text = It was due { $due }; { $span } of grace left.
headline-paused = Paused.
headline-paused-text = Nothing is expected.
headline-new = Waiting for the first ping.
headline-new-text = The clock starts with it.
headline-running = Running for { $span }.
headline-running-text = It must end by { $end }.
sentence-space = {" "}
list-comma = ,{" "}
timeline = Last 7 days
timeline-label = Last 7 days: down { $downs } times, { $span }
times = { $count ->
    [0] never down
    [one] down once
   *[other] down { $count } times
}
pause = Pause
resume = Resume
edit = Edit
delete = Delete
cancel = Cancel
save = Save
copy = Copy
copied = Copied
check-edit = Edit the check
check-delete-title = Delete “{ $name }”?
check-delete-text = Its history goes with it, and its ping address stops working. Jobs that still call it will get an error.
events = Events
times-in = times in { $zone }
events-none = Nothing has happened yet.
events-older = Older
show-all = All
show-pings = Pings
show-alerts = Alerts
today = Today, { $day }
event-ping-success = Success
event-ping-start = Started
event-ping-fail = Failure
event-ping-log = Log
event-ping-ign = Ignored
event-flip-up = Up
event-flip-down = Went down
event-flip-paused = Paused
event-flip-new = Resumed
event-exit = exit { $status }
event-run = run { $run }
event-body = { $size } log
event-read = read
event-source = source
event-why-missed = nothing heard; it was due { $due }
event-why-blind = not heard from; it was due { $due }, but Maibo itself was away, so a ping may have been lost
event-why-overrun = the run that started { $started } did not end in time
event-why-fail = the job reported a failure
event-why-back = back after { $span }
event-alert-down = Alert
event-alert-up = Recovery
event-blackout = Maibo was away
event-blackout-text = for { $span }, since { $from }; pings in that time may be lost
alert-state-queued = on its way
alert-state-sent = delivered
alert-state-dead = not delivered
alert-state-skipped = not asked for
alert-state-again = next try in { $span }
attempts = { $count ->
    [one] 1 attempt
   *[other] { $count } attempts
}
attempt-sent = delivered
attempt-retry = failed, will be tried again
attempt-dead = given up
attempt-skipped = not sent
how-to-ping = How to ping
ping-end = At the end of the job:
ping-crontab = In a crontab:
ping-more = Add /start when the job begins, and /$? when it ends: then its run time is measured and its failures are caught. What you POST is kept as its log.
ping-slug = By name:
ping-mail = By mail, from what can do nothing else:
ping-short = Short address, for scripts that sign in:
ping-alias = Token from another product:
filters = What counts
filter-post = Only POST requests count; others are kept in the log.
filter-failure = A body with { $words } is a failure.
filter-success = A body with { $words } is a success.
filter-start = A body with { $words } is a start.
filter-else-failure = Any other body is a failure, whatever the address says.
filter-else-nothing = Any other body counts for nothing, whatever the address says.
filter-mail-failure = A mail with { $words } is a failure.
filter-mail-success = A mail with { $words } is a success.
filter-mail-start = A mail with { $words } is a start.
filter-mail-else-failure = Any other mail is a failure.
filter-mail-else-nothing = Any other mail counts for nothing.
filter-mail-subject = Of mails, the subject is searched.
filter-mail-text = Of mails, the text is searched.
filter-mail-both = Of mails, subject and text are searched.
filter-manual-resume = Once paused, it is resumed by hand only.
settings = Settings
zone = Time zone
grace = Grace
early = Early pings
early-auto = count, up to a tenth of the interval
early-off = do not count
alerts-to = Alerts to
alerts-nobody = nobody
alerts-broken = does not work
alerts-unconfirmed = waits for consent
next-runs = Next due

## The form of a check
kind-simple = Every …
kind-daily = At a time of day
kind-cron = Cron
kind-oncalendar = systemd OnCalendar
every = A ping at least every
span-hint = A number with s, m, h or d: 90s, 5m, 1h30m, 1d.
at = Times
at-hint = 16:05, or several: 06:00,18:30.
days = Weekdays
days-hint = None chosen means every day.
cron = Cron line
cron-hint = minute hour day month weekday; names, L, LW and 1#2 work.
calendar = OnCalendar
calendar-hint = One or several lines, like Mon..Fri 03:00. A zone inside a line wins over the one below.
grace-hint = How late a ping may be, and how long a run may take, before the alarm.
preview = Preview
preview-next = Next due:
check-no-channels = There is no channel yet.
more-settings = More settings
tags = Tags
tags-hint = Words separated by spaces.
slug = Slug
slug-hint = For ping URLs by name: lower-case letters, digits, - and _.
description = Description
early-label = A slightly early ping counts
early-hint = For times of day: a job that runs a few minutes too soon is not missing from its slot.
manual-resume = Stay paused until resumed by hand
manual-resume-hint = Otherwise the next ping ends a pause.
field-error-required = This is needed.
field-error-too-long = At most { $limit } characters.
field-error-slug = At most 100 lower-case letters, digits, - and _.
field-error-span = Not a length of time like 30s, 5m, 1h or 1d.
field-error-span-range = From 1s to 365d.
field-error-email = This is not a mail address.
field-error-password = Between 8 and 1000 characters, please.
setting-error-unknown = unknown field, expected one of { $value }
setting-error-required = this is required
setting-error-too-long = this is too long, at most { $value }
setting-error-choice = expected one of { $value }
setting-error-shortened = this is the shortened form that is shown of a stored address; give the whole address
setting-error-url = this is not a URL; one begins with https:// or http:// and has a host name
setting-error-url-spaces = there is a space in this address, which none of this kind has; copy it whole once more
setting-error-key-of-server = this is an address at `{ $value }`; give that server in the field for it, or only the key here
setting-error-scheme = only http:// and https:// addresses can be called
setting-error-private = `{ $value }` is a private address; MAIBO_OUTBOUND_ALLOW must cover it
setting-error-plain-http = plain http is accepted only for addresses that MAIBO_OUTBOUND_ALLOW covers; use https
setting-error-other-host = this kind of channel calls { $value } only, unless MAIBO_OUTBOUND_ALLOW covers the address
setting-error-unresolved = `{ $value }` cannot be resolved
setting-error-one-address = this takes one address; add a channel for each person
setting-error-asked-too-often = `{ $value }` was asked for consent too often lately; try again in an hour
setting-error-email = `{ $value }` is not a mail address
setting-error-one-url = at least one of the two URLs is needed, for down or for up
setting-error-header = `{ $value }` is not of the form Name: value
setting-error-header-ours = `{ $value }` is set by Maibo itself
schedule-error-unknown-zone = There is no such time zone; names look like Asia/Shanghai.
schedule-error-unknown-kind = There is no such kind of schedule.
schedule-error-too-long = This schedule is too long.
schedule-error-bad-period = The interval must be from 1s to 365d.
schedule-error-bad-cron = This is not a cron line.
schedule-error-bad-oncalendar = This is not a calendar event.
schedule-error-bad-time = Times look like 16:05.
schedule-error-bad-days = Weekdays look like mon-fri.
schedule-error-never-comes = This time never comes.

## Channels
channels-none = Nobody would hear about it
channels-none-text = A channel is where alerts go: a mailbox, a chat group, a program of yours.
channel-add = Add a channel
channel-add-title = Add: { $kind }
channel-edit-title = Edit “{ $name }”
channel-delete-title = Delete “{ $name }”?
channel-delete-text = { $count ->
    [0] No check notifies it.
    [one] 1 check notifies it and will not any more.
   *[other] { $count } checks notify it and will not any more.
}
channel-delete-groups = It is a member of { $names }, which will go on without it.
channel-delete-last = { $names } will have no member left that works: nobody will hear of what goes only there.
channel-delete-fallback = It is the fallback of { $names }: what cannot be delivered there will go nowhere else any more.
channel-quoted = “{ $name }”
channel-uses = { $count ->
    [0] no check notifies it
    [one] 1 check
   *[other] { $count } checks
}
channel-broken = It does not work any more:
channel-hollow = It does not work: none of its members does. Choose others, or mend one.
channel-asking = Waits for the recipient’s consent; the mail that asks is on its way.
channel-asked = Waits for the recipient’s consent: the mail that asks went out { $ago }. Alerts wait for a day at most.
channel-ask-failed = Waits for the recipient’s consent, but the mail that asks could not be sent: { $why }
channel-withdrawn = The recipient unsubscribed and gets no more mails. They can be asked again.
channel-ask = Ask again
channel-test = Send a test
channel-no-mail = The server has no mail server (MAIBO_SMTP_URL). Mails will wait until it has one, for a day at most.
channel-language = Language of its messages
channel-for-all = Notify it about every check that exists now
alert-sample-name = nightly backup
alert-sample-project = My project
field-kept = Leave it empty to keep what is stored.
field-forget = Forget what is stored
test-title = Test
test-sent = Sent. The other side answered:
test-failed = Not sent:
test-nothing = This channel has nothing to send.
test-again = Test again
test-back = Back to the channels

## Badges
nav-badges = Badges
badge = Badge
badge-more = All badges
badge-picture = The badge as it is now
badges-text = Small pictures of the state, for a README, a wiki or a wall screen. Whoever has the address sees the badge and nothing else.
badges-two = Up or down
badges-three = Up, late or down
badges-all = All checks
badges-more = { $count ->
    [one] 1 more tag has a badge: GET /api/v3/badges/ lists them all.
   *[other] { $count } more tags have a badge: GET /api/v3/badges/ lists them all.
}

## Keys
nav-keys = Keys
keys-api = API keys
keys-api-text = With a key, programs read or change this project's checks. Only a hash of it is stored.
key-scope = What the key may do
key-scope-read-only = read only
key-scope-read-write = read and write
key-make = Make a key
key-made = The new key
key-made-text = Copy it now: it is not shown again.
key-made-at = made{" "}
key-used = last used { $ago }
key-never-used = never used
key-revoke = Revoke
key-revoke-title = Revoke { $key }?
key-revoke-text = Programs that use it are refused from then on ({ $used }). This cannot be undone.
keys-full = This project has as many keys as it may have. Revoke those that nobody uses.
keys-ping = Ping key
keys-ping-text = With it, a job pings by project and slug instead of a UUID; with ?create=1 the check is made by its first ping.
keys-ping-slug = slug-of-the-check
ping-key-make = Make a ping key
ping-key-replace = Replace it
ping-key-replace-title = Replace the ping key?
ping-key-replace-text = Jobs that ping with the old one get an error, and their checks will go down. Ping addresses with a UUID are not affected.
keys-use = How to use them
keys-use-api = Scripts and clients written for Healthchecks work with this address:
keys-use-docs = Everything that programs can call
keys-use-metrics = Prometheus reads the state of every check, with a read-only key:
keys-use-key = KEY
keys-use-read-only = READ-ONLY-KEY
note-key-revoked = The key is revoked.
note-ping-key-made = The ping key is ready.

## API
api-docs = API
api-docs-about = Everything that programs can ask and tell.
api-docs-machine = OpenAPI document
api-docs-keys = Our own API (/api/maibo/v1) takes a project's key, as X-Api-Key or as bearer token, or in its place a person's token from POST /api/token/, which opens all of their projects. The Healthchecks API (/api/v1 to v3) takes a project's key and nothing else, as X-Api-Key or as api_key in a JSON body. Pings and badges need none; each call for metrics says what it takes. A read-only key changes nothing and learns no ping address.
api-docs-sections = Sections
api-docs-forms = Forms of JSON
api-docs-parameters = Parameters
api-docs-body = Body
api-docs-answers = Answers
api-docs-required = required
setting-error-token = a token has letters, digits and signs, without spaces
