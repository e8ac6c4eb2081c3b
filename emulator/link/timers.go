package link

import "time"

// Timers are the time limits of the exchange (transport.md 7.1). Zero fields mean
// the defaults. The drive's own timer, 300 s for a receipt, is not here.
type Timers struct {
	Poll    time.Duration // Таймер ФН, 0–60 s: how often the drive is asked for messages; default 1 s
	Answer  time.Duration // Ответ Сервера: the connection is held open that long after sending; default 300 s
	Retry   time.Duration // Таймер С, 0–3600 s: from a failure to the next attempt; default 60 s
	Connect time.Duration // opening a connection, name resolution included; default 30 s
	Write   time.Duration // writing one message; default 30 s
	// Idle is how long a kept connection may stay without a message before the
	// register closes it; default 50 s, below the operators' usual 60 s (TRN-064).
	Idle time.Duration
	// Scale multiplies all of them: 0.001 makes seconds milliseconds. Default 1.
	Scale float64
}

// Defaults of Timers.
const (
	DefaultPoll    = time.Second
	DefaultAnswer  = 300 * time.Second
	DefaultRetry   = 60 * time.Second
	DefaultConnect = 30 * time.Second
	DefaultWrite   = 30 * time.Second
	DefaultIdle    = 50 * time.Second
)

// resolved fills the defaults and applies the scale.
func (t Timers) resolved() Timers {
	for _, f := range []struct {
		v   *time.Duration
		def time.Duration
	}{
		{&t.Poll, DefaultPoll}, {&t.Answer, DefaultAnswer}, {&t.Retry, DefaultRetry},
		{&t.Connect, DefaultConnect}, {&t.Write, DefaultWrite}, {&t.Idle, DefaultIdle},
	} {
		if *f.v == 0 {
			*f.v = f.def
		}
		if t.Scale > 0 {
			*f.v = time.Duration(float64(*f.v) * t.Scale)
		}
	}
	t.Scale = 1
	return t
}
