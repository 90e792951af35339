"""The words of docs/FLEET.md between its tables."""

HEAD = """\
# Many homes after one outage

Written by `python -m tests.simulation.fleet`. An ISP fails for 45 minutes and gives every home a new address. What do the echo services,
the public resolvers and the DNS provider get to feel when 10, 1,000 or 100,000 homes run `cadence-exporter` with the defaults?
Each home is the production loop in the simulator (`docs/SIMULATION.md`), with a seed of its own; only t0, the second in which the line
is back, is common to all.
"""

_RATES = "peak | 10 s | p50 | p95 | p99"
_ALIGNED = "| --- |" + " ---: |"

STORIES = """
## 100,000 homes

Requests a second in the first ten minutes after t0, at the echo service, at the resolver and at the provider; of the services of one
kind always the one that has it worst. **peak**: the busiest second; **10 s**: the mean of the busiest ten seconds in a row;
**p50 .. p99**: of the 600 seconds. Then the calls of one home in these ten minutes, all services of a kind together; when the provider
held the new address, in seconds after t0; and homes that were not right 15 minutes after the last line was back.
"""

STORY_COLUMNS = (
    f"| story | echo: {_RATES} | resolver: {_RATES} | provider: {_RATES} | "
    "calls: echo | resolver | provider | right: p50 s | max s | never |\n" + _ALIGNED + " ---: |" * 20
)

VARIANTS = """
## The same with less chance in it

What the random part of the waits is worth: `loop.jitter`, the spread of short waits, and the echo service that a process begins with.
*As it was* is the product before this page was first made.
"""

SIZES = """
## 10, 1,000 and 100,000 homes

Medians over 50 fleets of that size.
"""

SIZE_COLUMNS = (
    "| story | homes | echo: peak | 10 s | p99 | resolver: peak | 10 s | p99 | provider: peak | 10 s | p99 |\n"
    + _ALIGNED
    + " ---: |" * 9
)

SHARES = """
## Which echo service gets the most

A home that is not sure asks the whole panel, each service once and all in the same instant: there the order does not matter. A home that
is sure, and whose router does not vouch for the address, asks one service in turn. Calls from the tenth second after t0 on, and the
busiest second of each service in requests per home of the fleet (1: every home in the same second).
"""

SHARE_COLUMNS = "| story | echo service | share of calls | busiest second |\n| --- | --- | ---: | ---: |"

TOKEN = """
## One owner, one token

Cloudflare counts requests by user or account token: 1,200 in five minutes, and one more blocks everything for the next five (its page
"Rate limits", April 2026; retry-after says for how long, in whole seconds). A change costs three requests: read, write, read back.
Here the homes are played together, request by request in the order of time, against one count, until each record is known to be right,
at most two hours. Minutes after t0.
"""

TOKEN_COLUMNS = (
    "| story (no NAT-PMP) | homes | right: p50 min | p95 min | max min | not right | requests let through | refused with 429 |\n"
    + _ALIGNED
    + " ---: |" * 6
)

SAMPLING = """
## What is sampled, and what is assumed

- {homes:,} homes are simulated in full in each story. They are independent of each other once t0 is given: no home's call changes what
  another one does (with one token it does, so there nothing is sampled). A fleet of any size is drawn from them with replacement; no call
  is moved in time, for t0 is what makes them a herd. Each figure is the median over 50 such fleets.
- A fleet of 100,000 cannot show more variety than the homes it is drawn from: where calls are spread over many seconds, the busiest second
  is overstated a little, for it is the largest of many noisy ones. Echo peak and ten seconds of *no NAT-PMP* from one half of the homes,
  the other half, and all: {halves}.
- Homes had run for 10 to 70 minutes when the line failed, each at another moment of its waiting. In the power cut the process starts
  the second its line is back: worse than any real one. Lines that come back *over 30 s* do so evenly, which is kinder than a real access
  concentrator, that works through its sessions in bursts.
- Calls into a cut line count as none. Requests are counted when they are made; DNS look-ups of the services' names, TLS and the probes
  of WAN targets are not counted. Looking up the zone at the provider (one or two calls after a start, then kept for a day) is not either.
- A router that announces does so once, and the home hears it at once. Real ones repeat themselves (RFC 6886 section 3.2.1), which the
  doorbell limits to one look in 2 s and 60 an hour.
- The tripwire is off in these homes. With it a home whose router says nothing learns within three seconds that its line is back, and
  within eight that its address changed: its fleet is as close together as one whose routers announce.
- Every home has one record, under a name of its own, so that no home warms a resolver's cache for another.
"""

CONCLUSIONS = """## What this says about the defaults

- **The fast pace is what spreads a fleet.** A home that is down looks every 30 to 40 s, so 100,000 homes find out in the 43 s after t0 and
  ask each echo service twice, some 8,300 times a second in the busiest ten. `loop.jitter` takes 12 % off that: after an outage the homes
  are at different moments of their waits anyhow. It is worth its seconds where homes begin in the same one.
- **What comes at the same second stays there.** An announcement or the end of a power cut puts four fifths or all of the fleet into one
  second, at each echo service; a router that announces nothing and is asked for its address every few seconds, two fifths. Nothing in the
  product spreads the first look: a single home would pay for it with its fastest cases. Lines or hosts that come back over half a minute
  take nine tenths off the peak. Whoever updates a fleet should stagger the restarts.
- **Turns now begin anywhere.** As it was, each process began with the same echo service, and the looks after a write came after exactly 2,
  3, 4.5 ... seconds: after a power cut two thirds of the homes, or all of them, asked one service in the same second, five services one
  after the other. Now the busiest of these seconds has a tenth of them. The order of the panel does no harm: it is asked all at once.
- **Repeated attempts are now spread, by up to a quarter of the wait.** As it was, homes that were refused with 429 came back in the second
  that the block ended; from about 1,200 homes on, their readings alone use up the token's quota, and nobody gets to write: 885 of
  3,000 homes were right after a quarter of an hour, and not one more in the two hours watched. Now all are after 39 minutes, and 5,000
  after 70; three requests for each home cannot take less than 35 and 60 under that limit.
- **A token is good for 400 homes.** So many are right within a minute, without a single 429. Beyond that it takes five minutes more for
  each 400 homes, whatever the client does; more accounts, or RFC 2136, are the only remedy.
- **Backoff is worth having.** Without it 1,000 homes are right two minutes sooner, and the provider refuses 57 times as many requests. The
  spread costs the same two minutes: it comes on top of the wait that was asked for, never off it.
- **The resolvers are asked the most**: 24 calls a home, 12 at each of two, until they show the change; in the simulator they keep the old
  answer for up to 300 s. A home whose router does not speak NAT-PMP asks one echo service in each of these looks, too: 12 of its 22 calls.
  That is left as it is: a look is a look at everything.
- Unchanged, for nothing here speaks against them: `loop.interval`, `fast_factor`, `jitter`, `confirm_spacing` and the order of the panel.
"""
