//! The five resources of a channel: where each is asked for and what an answer looks like.

use sluicegate_guest::{Resource, Result, Shape, Source};

use crate::single;

/// A bare `0` or `1`, or an object; stamped with the time it was read.
const STATUS: Shape = Shape::Single { read: single::status, otherwise: "neither `0` nor `1` nor an object" };

/// The five, of a source whose `root` is the channel.
pub(crate) fn resources(channel: &Source) -> Result<[Resource; 5]> {
    Ok([
        channel.resource("status", "status")?.single(STATUS).about("Whether agents are online now: one row per run."),
        channel
            .resource("channel_info", "")?
            .single(Shape::OBJECT)
            .about("What the service says of the channel itself."),
        channel.resource("inbound_messages", "inbound_messages")?.about("Messages from clients to agents."),
        channel.resource("outbound_messages", "outbound_messages")?.about("Messages from agents to clients."),
        channel.resource("health", "health")?.single(Shape::OBJECT).about("Whether the channel works."),
    ])
}
