channel-kind-email = Email
channel-about-email = A mail when a job falls silent, and another when it is back.
field-email-to = Address
field-email-to-hint = One address; add a channel for each person.
channel-steps-email =
    The operator sets a mail server once, with MAIBO_SMTP_URL and MAIBO_MAIL_FROM.
    Type the address; add a channel for each person.
