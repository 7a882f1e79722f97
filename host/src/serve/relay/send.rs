//! Sends the messages that wait, each lane on a task of its own.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{Lane, Relays, Told};
use crate::{
    fault::{self, Point},
    model::{RelayProgress, RelayStatus, ResendRule},
    serve::{
        inbox::{Learned, WaitingRelay, Write, Written},
        now_ms,
    },
    source::{MessageRelay, Sent},
};

/// How long a lane waits when the inbox cannot be written, and when nothing grants what is sent.
const TROUBLE_WAIT: Duration = Duration::from_secs(5);
const DENIED_WAIT: Duration = Duration::from_mins(1);

/// How long what is being sent may take when the receiver stops.
const STOP_TIME: Duration = Duration::from_secs(10);

/// What comes after a message was tried.
enum Next {
    /// It is over.
    Over,
    /// It is tried again.
    Again,
    /// The receiver stops.
    Stop,
}

impl<H: MessageRelay> Relays<H> {
    /// Sends messages until the receiver stops, and then ends those that are under way.
    pub(in crate::serve) async fn run(self: Arc<Self>, mut opened: mpsc::UnboundedReceiver<Lane>) {
        let mut stopped = self.stopped.clone();
        let mut lanes = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => break,
                Some(_) = lanes.join_next() => self.wipe(),
                lane = opened.recv() => match lane {
                    Some(lane) => {
                        lanes.spawn(Arc::clone(&self).empty(lane));
                    }
                    None => break,
                },
            }
        }
        let all = async { while lanes.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIME, all).await.is_err() {
            tracing::warn!(
                "some messages were being sent still: the next start notes that nobody knows what became of them"
            );
        }
    }

    /// Sends the messages of a lane until there are no more.
    async fn empty(self: Arc<Self>, lane: Lane) {
        let mut stopped = self.stopped.clone();
        let mut number = self.lanes.first(&lane);
        while let Some(first) = number {
            match self.try_once(first, &mut stopped).await {
                Next::Over => number = self.lanes.advance(&lane),
                Next::Again => {}
                Next::Stop => return,
            }
        }
    }

    async fn try_once(&self, number: u64, stopped: &mut watch::Receiver<bool>) -> Next {
        let found = self.inbox().relay_waiting(number);
        let waiting = match found {
            Ok(Some(waiting)) => waiting,
            Ok(None) => return Next::Over,
            Err(error) => {
                tracing::warn!(hint = error.hint(), "a message waits: {error}");
                return pause(TROUBLE_WAIT, stopped).await;
            }
        };
        let wait = Duration::from_millis(waiting.not_before_ms.saturating_sub(now_ms()));
        if matches!(pause(wait, stopped).await, Next::Stop) {
            return Next::Stop;
        }
        let room = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return Next::Stop,
            room = self.room.acquire() => room,
        };
        let Ok(_room) = room else { return Next::Stop };
        let rule = self.rule(waiting.rule);
        // Should nobody learn what becomes of it, the next start keeps the distance, too.
        let marked = Write::Sending { number, not_before_ms: now_ms() + millis(rule.shortest_wait) };
        match self.writer.write(marked).await {
            Ok(Written::Sending(true)) => {}
            // It was taken out meanwhile.
            Ok(_) => return Next::Over,
            Err(error) => {
                tracing::warn!(hint = error.hint, "a message waits: {error}");
                return pause(TROUBLE_WAIT, stopped).await;
            }
        }
        fault::point(Point::RelayMarked);
        let sent = self.handler.send(&waiting.request).await;
        fault::point(Point::RelaySent);
        self.metrics.attempts.inc();
        self.learn(number, &waiting, rule, sent, stopped).await
    }

    /// Notes what became of an attempt. It is noted in the end, or by the next start that nobody knows it.
    async fn learn(
        &self,
        number: u64,
        waiting: &WaitingRelay,
        rule: ResendRule,
        sent: Sent,
        stopped: &mut watch::Receiver<bool>,
    ) -> Next {
        let answer = if let Sent::Answered(_, text) = &sent { Some(text.clone()) } else { None };
        let learned = learned(number, waiting.failures, rule, self.kept(sent));
        let is_over = learned.again_at_ms.is_none();
        loop {
            match self.writer.write(Write::Learned(learned.clone())).await {
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(hint = error.hint, "what became of a message is not noted yet: {error}");
                    if matches!(pause(TROUBLE_WAIT, stopped).await, Next::Stop) {
                        return Next::Stop;
                    }
                }
            }
        }
        fault::point(Point::RelayRecorded);
        if !is_over {
            return Next::Again;
        }
        match learned.status {
            RelayStatus::Delivered => &self.metrics.delivered,
            RelayStatus::Rejected => &self.metrics.rejected,
            _ => &self.metrics.undeliverable,
        }
        .inc();
        if learned.status != RelayStatus::Delivered {
            let (status, http_status) = (learned.status.as_str(), learned.http_status);
            tracing::warn!(message = number, status, http_status, "a message was not delivered");
        }
        self.tell(number, answer.as_deref());
        Next::Over
    }

    /// What is kept of an answer: its words may quote the message, and are for the caller alone when that is not kept whole.
    fn kept(&self, sent: Sent) -> Sent {
        match sent {
            Sent::Answered(status, _) if !self.guard.is_idle() => Sent::Answered(status, String::new()),
            sent => sent,
        }
    }
}

impl<H> Relays<H> {
    /// Once nothing waits, what was sent is not to be read in the inbox's log either, if something of it is not kept.
    fn wipe(&self) {
        if !self.guard.is_idle()
            && self.waiting() == 0
            && let Err(error) = self.inbox().wipe_log()
        {
            tracing::debug!("the log of the inbox is not empty yet: {error}");
        }
    }

    /// Tells those that wait for the answer to a message that is over.
    pub(super) fn tell(&self, number: u64, answer: Option<&str>) {
        let callers = self.callers().remove(&number).unwrap_or_default();
        if callers.is_empty() {
            return;
        }
        if let Ok(Some((progress, _))) = self.inbox().relay_progress(number) {
            for caller in callers {
                // Whoever went away does not want to know.
                let _ = caller.send(Told { progress: progress.clone(), answer: answer.map(str::to_owned) });
            }
        }
    }
}

/// What an attempt means: 2xx is done, 4xx is refused for good, anything else is tried again as the rule says.
fn learned(number: u64, failures: u32, rule: ResendRule, sent: Sent) -> Learned {
    let base = Learned {
        number,
        status: RelayStatus::Delivered,
        http_status: None,
        reason: None,
        again_at_ms: None,
        is_failure: false,
    };
    let failed = |http_status, reason| {
        let again = rule.wait(failures + 1);
        Learned {
            status: if again.is_some() { RelayStatus::Pending } else { RelayStatus::Undeliverable },
            http_status,
            reason: Some(reason),
            again_at_ms: again.map(|wait| now_ms() + millis(wait)),
            is_failure: true,
            ..base.clone()
        }
    };
    match sent {
        Sent::Answered(status @ 200..300, _) => Learned { http_status: Some(status), ..base },
        Sent::Answered(status @ 400..500, text) => Learned {
            status: RelayStatus::Rejected,
            http_status: Some(status),
            reason: Some(said(&text, status)),
            ..base
        },
        Sent::Answered(status, text) => failed(Some(status), said(&text, status)),
        Sent::Unanswered(reason) => failed(None, reason),
        Sent::Denied(reason, hint) => {
            tracing::warn!(hint, "a message waits: {reason}");
            let again_at_ms = Some(now_ms() + millis(DENIED_WAIT));
            Learned { status: RelayStatus::Pending, reason: Some(reason), again_at_ms, ..base }
        }
    }
}

fn said(text: &str, status: u16) -> String {
    match text.trim() {
        "" => RelayProgress::answered(status),
        text => text.chars().take(500).collect(),
    }
}

async fn pause(wait: Duration, stopped: &mut watch::Receiver<bool>) -> Next {
    tokio::select! {
        biased;
        _ = stopped.wait_for(|stopped| *stopped) => Next::Stop,
        () = tokio::time::sleep(wait) => Next::Again,
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: ResendRule =
        ResendRule { resends: 3, shortest_wait: Duration::from_secs(3), longest_wait: Duration::from_mins(1) };

    #[test]
    fn the_documented_rule() {
        let answered = |status: u16| Sent::Answered(status, String::new());
        let cases = [
            (answered(200), 0, RelayStatus::Delivered, false),
            (answered(299), 3, RelayStatus::Delivered, false),
            (answered(400), 0, RelayStatus::Rejected, false),
            (answered(429), 0, RelayStatus::Rejected, false),
            (answered(499), 0, RelayStatus::Rejected, false),
            (answered(301), 0, RelayStatus::Pending, true),
            (answered(500), 2, RelayStatus::Pending, true),
            (answered(503), 3, RelayStatus::Undeliverable, false),
            (Sent::Unanswered("reset".to_owned()), 0, RelayStatus::Pending, true),
            (Sent::Unanswered("reset".to_owned()), 3, RelayStatus::Undeliverable, false),
            // That it is not granted is nothing that sending it again could change.
            (Sent::Denied("no".to_owned(), None), 9, RelayStatus::Pending, true),
        ];
        for (sent, failures, status, is_sent_again) in cases {
            let told = format!("{sent:?} {failures}");
            let learned = learned(1, failures, RULE, sent);
            assert_eq!((learned.status, learned.again_at_ms.is_some()), (status, is_sent_again), "{told}");
            if let Some(at) = learned.again_at_ms {
                assert!(at >= now_ms() + 2900 && at <= now_ms() + 60_000, "{told}");
            }
        }
    }

    #[test]
    fn the_service_s_own_words_are_the_reason() {
        let reason = |text: &str| learned(1, 0, RULE, Sent::Answered(404, text.to_owned())).reason.unwrap();
        assert_eq!(reason("no such channel\n"), "no such channel");
        assert_eq!(reason(" "), "the service answered 404");
        assert_eq!(reason(&"é".repeat(1000)).chars().count(), 500);
    }
}
