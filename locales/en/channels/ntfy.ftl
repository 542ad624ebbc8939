setting-error-ntfy-topic = `{ $value }` is no topic: up to 64 letters, digits, - and _
channel-kind-ntfy = ntfy
channel-about-ntfy = A push through ntfy.sh, or through your own ntfy server.
field-ntfy-topic = Topic
field-ntfy-topic-hint = On the public server whoever knows it can read along: choose one that nobody guesses. A whole address will do.
field-ntfy-url = Server
field-ntfy-url-hint = Empty: https://ntfy.sh.
field-ntfy-token = Access token
field-ntfy-token-hint = Only when the topic is protected; it begins with tk_.
field-ntfy-username = User
field-ntfy-username-hint = In place of a token.
field-ntfy-password = Password
field-ntfy-password-hint = The password of that user.
field-ntfy-priority = Down: priority
field-ntfy-priority-hint = urgent goes on ringing on phones.
field-ntfy-priority-up = Up: priority
field-ntfy-priority-up-hint = off: not told when a check is back.
channel-steps-ntfy =
    Install the ntfy app and subscribe to a topic with a name that nobody guesses.
    Type the same topic here; and your server, when it is not ntfy.sh.
    When the topic is protected: in the web app, Account → Access tokens → Create; copy the token.
field-ntfy-priority-high = high
field-ntfy-priority-urgent = urgent
field-ntfy-priority-default = default
field-ntfy-priority-low = low
field-ntfy-priority-min = lowest (min)
field-ntfy-priority-up-high = high
field-ntfy-priority-up-urgent = urgent
field-ntfy-priority-up-default = default
field-ntfy-priority-up-low = low
field-ntfy-priority-up-min = lowest (min)
field-ntfy-priority-up-off = not told (off)
