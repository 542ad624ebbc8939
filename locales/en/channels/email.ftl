channel-kind-email = Email
channel-about-email = A mail when a job falls silent, and another when it is back.
field-email-to = Address
field-email-to-hint = One address; add a channel for each person. Who is no member of the project is asked by mail first.
channel-steps-email =
    The operator sets a mail server once, with MAIBO_SMTP_URL and MAIBO_MAIL_FROM.
    Type the address; add a channel for each person.
