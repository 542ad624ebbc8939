test-no-members = This group has no channels.
channel-log = Delivery log
alert-many-both = { $count } checks were down and are back. They could not be told of one by one; their pages tell more.
channel-log-none = Nothing was sent here yet.
channel-fallback = If it fails, tell instead
channel-fallback-none = no other channel
channel-fallback-hint = Alerts that cannot be delivered here go there, and say why.
channel-fallback-is = If it fails, “{ $name }” is told instead.
channel-canary = Try it once a week
channel-canary-hint = A quiet message on a working day, so that a dead channel is found before it is needed.
channel-canary-next = Tried once a week, next on { $at } (UTC).
channel-no-others = Add other channels first.
delivery-down = Alert
delivery-up = Recovery
delivery-test = Test
delivery-canary = Weekly test
delivery-notice = Notice of a dead channel
delivery-instead = { $what }, in another channel's place
delivery-waiting = { $count ->
    [one] 1 message is waiting
   *[other] { $count } messages are waiting
}
delivery-oldest = , the oldest for { $span }.
undelivered = { $count ->
    [one] 1 alert could not be delivered.
   *[other] { $count } alerts could not be delivered.
}
undelivered-many = More than { $count } alerts could not be delivered.
undelivered-link = Show them
undelivered-title = Alerts that were not delivered
undelivered-text = They were given up: the other side refused them for good, or did not take them for a whole day.
undelivered-none = Every alert was delivered, or is still being tried.
undelivered-elsewhere = Another channel was told instead.
undelivered-dismiss = Put these aside
resend = Send again
resend-all = Send all again
note-alert-resent = It will be sent again now.
note-alert-not-given-up = Nothing was sent again: this alert is on its way, or was delivered.
note-alerts-dismissed = They were put aside.
operator-title = Delivery
operator-empty = Nothing is waiting.
operator-still = Nothing was delivered within the last minute.
operator-waiting = { $count ->
    [one] 1 message is waiting.
   *[other] { $count } messages are waiting.
}
operator-progress = { $count ->
    [one] 1 was delivered within the last minute.
   *[other] { $count } were delivered within the last minute.
}
operator-rest = If none failed, the rest would take { $span } at this rate.
operator-more = { $count ->
    [one] And 1 more channel.
   *[other] And { $count } more channels.
}
operator-queues = Waiting
operator-channel = Channel
operator-project = Project
operator-queued = Waiting
operator-oldest = Longest
operator-kinds = Kinds
operator-since = tries of this server since it started
operator-kind = Kind
operator-channels = Channels
operator-broken = Dead
operator-dead = Undelivered
operator-sent = Sent
operator-retried = Failed, tried again
operator-given-up = Given up
operator-slow = Slowest of late
operator-mean = On average
operator-longest = At most
operator-tries = Sent / tries
