//! A second implementation, as naive as can be: it keeps everything that ever happened, in whole seconds, and looks
//! through it anew for every question.
use super::*;

/// 2026-03-27 00:00 UTC: the clocks of Riga go forward two days later, at 01:00 UTC on the 29th.
pub(super) const EPOCH: i64 = 1_774_569_600;
const RIGA_CHANGES: i64 = EPOCH + 2 * DAY + HOUR;
pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 3600;
pub(super) const DAY: i64 = 24 * HOUR;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Every(i64),
    /// At each minute of the hour that divides by this.
    Cron(i64),
    /// At these minutes of the day in Shanghai.
    Shanghai(&'static [i64]),
    /// At these minutes of the day in Riga.
    Riga(&'static [i64]),
}

impl When {
    pub(super) fn spec(self) -> Spec {
        let clock = |times: &[i64]| {
            let times: Vec<_> = times.iter().map(|m| format!("{:02}:{:02}", m / 60, m % 60)).collect();
            times.join(",")
        };
        match self {
            Self::Every(seconds) => Spec::every(Span::seconds(seconds)),
            Self::Cron(n) => Spec::cron(format!("*/{n} * * * *"), "UTC"),
            Self::Shanghai(times) => Spec::daily(&clock(times), None, "Asia/Shanghai"),
            Self::Riga(times) => Spec::daily(&clock(times), None, "Europe/Riga"),
        }
    }

    /// Whether this second is a slot of a calendar.
    fn is_slot(self, at: i64) -> bool {
        let (minute, second) = (at.div_euclid(MINUTE), at.rem_euclid(MINUTE));
        if second != 0 {
            return false;
        }
        match self {
            Self::Every(_) => false,
            Self::Cron(n) => minute % 60 % n == 0,
            Self::Shanghai(times) => times.contains(&((minute + 8 * 60) % 1440)),
            Self::Riga(times) => {
                let hours = if at < RIGA_CHANGES { 2 } else { 3 };
                // The hour from 03:00 does not exist on that day: what was due then is due when it ends.
                let skipped = at == RIGA_CHANGES && times.iter().any(|m| (180..240).contains(m));
                skipped || times.contains(&((minute + hours * 60) % 1440))
            }
        }
    }

    fn slot_after(self, at: i64) -> i64 {
        if let Self::Every(period) = self {
            return at + period;
        }
        // Slots lie on whole minutes.
        let first = (at.div_euclid(MINUTE) + 1) * MINUTE;
        (0..3 * 1440).map(|n| first + n * MINUTE).find(|at| self.is_slot(*at)).unwrap()
    }

    fn slot_before(self, slot: i64) -> i64 {
        (1..3 * 1440).map(|n| slot - n * MINUTE).find(|at| self.is_slot(*at)).unwrap()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) when: When,
    pub(super) grace: i64,
    /// `None`: automatic.
    pub(super) early: Option<i64>,
    pub(super) manual_resume: bool,
}

impl Rules {
    pub(super) fn policy(self) -> Policy {
        Policy {
            schedule: Schedule::parse(&self.when.spec()).unwrap(),
            grace: Span::seconds(self.grace),
            early: self.early.map_or(Early::Auto, |early| Early::Within(Span::seconds(early))),
            manual_resume: self.manual_resume,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Made,
    Success(Option<Uuid>),
    Fail(Option<Uuid>, u8),
    Start(Option<Uuid>),
    Log,
    Pause,
    Resume,
    Edit(Rules),
    Tick,
    /// Found by a tick: it went down, because of this, which was open since then.
    Fell {
        from: i64,
        run: bool,
        blackout: Option<i64>,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) at: i64,
    pub(super) what: What,
    /// What was in force.
    pub(super) rules: Rules,
}

/// Everything that ever had an effect, oldest first.
#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) entries: Vec<Entry>,
    pub(super) rules: Rules,
    pub(super) blackouts: Vec<(i64, i64)>,
}

impl History {
    pub(super) fn tell(&mut self, at: i64, what: What) {
        let asleep = self.status() == Status::Paused && self.rules.manual_resume;
        let counts = match what {
            What::Success(_) | What::Fail(..) | What::Start(_) => !asleep,
            What::Resume => self.status() == Status::Paused,
            What::Log => false,
            _ => true,
        };
        if let What::Edit(rules) = what {
            self.rules = rules;
        }
        if what == What::Tick
            && let Some((deadline, from, run)) = self.deadline(at)
            && deadline <= at
        {
            let overlaps = |(_, (start, end)): &(i64, (i64, i64))| *start <= deadline && from <= *end;
            let blackout =
                (1..).zip(self.blackouts.iter().copied()).filter(overlaps).last().map(|(id, _)| id);
            let what = What::Fell { from, run, blackout };
            self.entries.push(Entry { at: deadline, what, rules: self.rules });
        } else if counts {
            self.entries.push(Entry { at, what, rules: self.rules });
        }
    }

    fn status_at(entries: &[Entry]) -> Status {
        let word = |entry: &Entry| match entry.what {
            What::Made | What::Resume => Some(Status::New),
            What::Success(_) => Some(Status::Up),
            What::Fail(..) | What::Fell { .. } => Some(Status::Down),
            What::Pause => Some(Status::Paused),
            _ => None,
        };
        entries.iter().rev().find_map(word).unwrap()
    }

    pub(super) fn status(&self) -> Status {
        Self::status_at(&self.entries)
    }

    /// The latest start, unless something ended it since.
    fn run_at(entries: &[Entry]) -> Option<(i64, Option<Uuid>)> {
        let (i, begun, rid) = entries.iter().enumerate().rev().find_map(|(i, entry)| match entry.what {
            What::Start(rid) => Some((i, entry.at, rid)),
            _ => None,
        })?;
        let ended = entries.iter().enumerate().skip(i).any(|(j, entry)| match entry.what {
            What::Fail(..) | What::Pause | What::Resume | What::Success(None) => true,
            What::Success(ended) if ended == rid => true,
            // Ours: an overrun that was told is not told again.
            What::Success(_) => {
                let fell = entries[..j].iter().rfind(|e| Self::is_flip_to(e, Status::Down, &entries[..j]));
                Self::status_at(&entries[..j]) == Status::Down
                    && fell.is_some_and(|fell| begun + entry.rules.grace <= fell.at)
            }
            What::Edit(rules) => rules.manual_resume && Self::status_at(&entries[..j]) == Status::Paused,
            _ => false,
        });
        (!ended).then_some((begun, rid))
    }

    /// Whether the status became `to` by this entry, one of `all`.
    fn is_flip_to(entry: &Entry, to: Status, all: &[Entry]) -> bool {
        let i = all.iter().position(|other| std::ptr::eq(other, entry)).unwrap();
        i > 0 && Self::status_at(&all[..=i]) == to && Self::status_at(&all[..i]) != to
    }

    pub(super) fn started(&self) -> Option<i64> {
        Self::run_at(&self.entries).map(|(at, _)| at)
    }

    pub(super) fn last_duration(&self) -> Option<i64> {
        let i = self.entries.iter().rposition(|e| matches!(e.what, What::Success(_) | What::Fail(..)))?;
        let (begun, id) = Self::run_at(&self.entries[..i])?;
        let (What::Success(rid) | What::Fail(rid, _)) = self.entries[i].what else { return None };
        (rid == id).then_some(self.entries[i].at - begun)
    }

    /// The slot that the entries up to here lead to expect.
    fn due_at(&self, entries: &[Entry]) -> Option<i64> {
        let (last, before) = entries.split_last()?;
        match last.what {
            What::Made | What::Pause | What::Resume => None,
            What::Success(_) | What::Fail(..) => {
                // Open for its grace, or for what an edit or a blackout added to what was awaited. While that was a
                // run, what a blackout would have added to the slot itself is not known to anybody.
                let open = self.due_at(before).filter(|due| {
                    let awaited = || self.deadline_of(before, last.rules, Some(*due), last.at);
                    Self::status_at(before) == Status::Up
                        && *due <= last.at
                        && (last.at <= *due + last.rules.grace
                            || awaited().is_some_and(|(deadline, ..)| last.at <= deadline))
                });
                Some(Self::counted_for(last.rules, last.at, open.is_some()))
            }
            What::Edit(rules) => {
                let status = Self::status_at(before);
                let heard = before.iter().rfind(|e| matches!(e.what, What::Success(_) | What::Fail(..)));
                let (Status::Up | Status::Down, Some(heard)) = (status, heard) else { return None };
                let due = self.due_at(before)?;
                let slot = rules.when.slot_after(heard.at);
                if matches!(rules.when, When::Every(_)) {
                    return Some(slot);
                }
                if due == slot || due == rules.when.slot_after(slot) {
                    return Some(due);
                }
                let counted = Self::counted_for(rules, heard.at, false);
                Some(match (counted > last.at, due <= last.at) {
                    (true, _) => counted,
                    (false, true) => due.max(counted),
                    (false, false) => rules.when.slot_after(last.at),
                })
            }
            _ => self.due_at(before),
        }
    }

    /// The slot that is expected after a ping, one that it came early for not counted.
    fn counted_for(rules: Rules, at: i64, answers_open_slot: bool) -> i64 {
        let slot = rules.when.slot_after(at);
        if answers_open_slot || matches!(rules.when, When::Every(_)) {
            return slot;
        }
        let after = rules.when.slot_after(slot);
        let gap = (after - slot).min(slot - rules.when.slot_before(slot));
        // Tenfold, so that a tenth of a gap is not rounded.
        let tolerance = match rules.early {
            None => (rules.grace * 10).min(gap).min(10 * MINUTE * 10),
            Some(early) => (early * 10).min(gap * 5),
        };
        if (slot - at) * 10 <= tolerance { after } else { slot }
    }

    /// The deadline `of` what is awaited since `from`, or what the blackouts make of it.
    fn first_unexcused(from: i64, of: i64, grace: i64, blackouts: &[(i64, i64)]) -> i64 {
        let mut deadline = of;
        // Round and round until no blackout has anything to say.
        while let Some((_, end)) = blackouts.iter().find(|(start, end)| {
            let within = |at: i64| *start <= at && at <= *end;
            (within(from) || within(deadline)) && deadline < end + grace
        }) {
            deadline = end + grace;
        }
        deadline
    }

    /// When it goes down unless it is heard, what is awaited since when, and whether that is the end of a run.
    pub(super) fn deadline(&self, now: i64) -> Option<(i64, i64, bool)> {
        self.deadline_of(&self.entries, self.rules, self.due_at(&self.entries), now)
    }

    /// The same after these entries only, which lead to expect `due`.
    fn deadline_of(
        &self,
        entries: &[Entry],
        rules: Rules,
        due: Option<i64>,
        now: i64,
    ) -> Option<(i64, i64, bool)> {
        let status = Self::status_at(entries);
        let due = due.filter(|_| status == Status::Up).map(|due| (due, false));
        let run = Self::run_at(entries).filter(|_| status != Status::Down).map(|(begun, _)| (begun, true));
        let (from, is_run) = match (due, run) {
            (Some(due), Some(run)) if due.0 < run.0 => due,
            (due, run) => run.or(due)?,
        };
        let grace = rules.grace;
        let excused = |of: i64, now: i64| {
            let known: Vec<_> = self.blackouts.iter().copied().filter(|(_, end)| *end <= now).collect();
            Self::first_unexcused(from, of, grace, &known)
        };
        // Nobody goes down in the past because of an edit, or for a run that was not told before a ping.
        let armed = entries.iter().rfind(|entry| matches!(entry.what, What::Edit(_) | What::Success(_)));
        let deadline = match armed.map(|armed| armed.at).filter(|armed| *armed > from + grace) {
            Some(armed) => excused(excused(from + grace, armed).max(excused(armed, armed)), now),
            None => excused(from + grace, now),
        };
        Some((deadline, from, is_run))
    }

    pub(super) fn shown(&self, now: i64, probe: i64) -> Shown {
        if self.deadline(now).is_some_and(|(deadline, ..)| deadline <= probe) {
            return Shown::Down;
        }
        match self.status() {
            Status::New => Shown::New,
            Status::Paused => Shown::Paused,
            Status::Down => Shown::Down,
            Status::Up if self.due_at(&self.entries).is_some_and(|due| due <= probe) => Shown::Late,
            Status::Up => Shown::Up,
        }
    }

    /// Every change of status: to what, when and why.
    pub(super) fn flips(&self) -> Vec<(Status, Time, Reason)> {
        let mut flips = Vec::new();
        for i in 1..self.entries.len() {
            let (was, is) = (Self::status_at(&self.entries[..i]), Self::status_at(&self.entries[..=i]));
            let reason = match self.entries[i].what {
                What::Success(_) => Reason::Success,
                What::Fail(_, 0) => Reason::Fail,
                What::Fail(_, n) => Reason::Exit(n),
                What::Pause => Reason::Paused,
                What::Resume => Reason::Resumed,
                What::Fell { from, run: false, blackout } => Reason::Missed { due: time(from), blackout },
                What::Fell { from, run: true, blackout } => Reason::Overrun { started: time(from), blackout },
                _ => continue,
            };
            if was != is {
                flips.push((is, time(self.entries[i].at), reason));
            }
        }
        flips
    }
}

pub(super) fn time(seconds: i64) -> Time {
    Time::from_timestamp(seconds, 0).unwrap()
}
