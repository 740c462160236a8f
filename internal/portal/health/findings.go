package health

import (
	"maps"
	"slices"
	"time"
)

// Finding is something that somebody must see to, with what to do in its sentence.
type Finding struct {
	Key    string // below health.find
	Params []any
	Urgent bool
	Href   string
}

// From when on something is a finding. The alert rules of deploy/prometheus say the same.
const (
	lateJob      = 10 * time.Minute
	lateSign     = time.Minute
	farBehind    = 5000
	lowDisk      = 10 // per cent
	lowDiskBytes = 2 << 30
	shortCert    = 21 * 24 * time.Hour
	lateReplica  = 30 * time.Second
)

// Findings are what is wrong, the urgent first.
func (st State) Findings() []Finding {
	var urgent, rest []Finding
	add := func(is bool, f Finding) {
		switch {
		case !is:
		case f.Urgent:
			urgent = append(urgent, f)
		default:
			rest = append(rest, f)
		}
	}
	for _, c := range st.Checks {
		add(c.Err != nil, Finding{Key: "check", Params: []any{"name", c.Name}, Urgent: true})
	}
	add(low(st.Free, st.Size), Finding{Key: "disk", Params: []any{"gb", int64(st.Free >> 30), "percent", percent(st.Free, st.Size)}, Urgent: true}) //nolint:gosec // sizes of disks
	add(len(st.Database.Careless) > 0, Finding{Key: "careless", Urgent: true})
	add(st.Journal.SignedAgo > lateSign, Finding{Key: "unsigned", Params: []any{"n", st.Journal.Unsigned}, Urgent: true})
	add(!st.CertEnds.IsZero() && st.CertEnds.Sub(st.At) < shortCert, Finding{Key: "certificate", Params: []any{"n", daysLeft(st.CertEnds, st.At)}, Urgent: true})
	for _, q := range st.Queues {
		add(q.Oldest > lateJob, Finding{Key: "late", Params: []any{"kind", q.Kind, "n", int64(q.Oldest / time.Minute)}})
	}
	for _, name := range slices.Sorted(maps.Keys(st.Journal.Behind)) {
		n := st.Journal.Behind[name]
		add(n > farBehind, Finding{Key: "behind", Params: []any{"name", name, "n", n}})
	}
	for _, r := range st.Database.Replicas {
		add(r.Lag > lateReplica, Finding{Key: "replica", Params: []any{"name", r.Name, "n", int64(r.Lag / time.Second)}})
	}
	add(st.DeadAll > 0, Finding{Key: "dead", Params: []any{"n", st.DeadAll}, Href: "#dead"})
	add(len(st.Struggling) > 0, Finding{Key: "struggling", Params: []any{"n", int64(len(st.Struggling))}, Href: "#struggling"})
	if n, _, ok := st.Value("khue_notices_failed"); ok && n > 0 {
		add(true, Finding{Key: "notices", Params: []any{"n", int64(n)}, Href: "/admin/notices?state=failed"})
	}
	return append(urgent, rest...)
}

func low(free, size uint64) bool {
	return size > 0 && (percent(free, size) < lowDisk || free < lowDiskBytes)
}

func percent(part, whole uint64) int64 {
	if whole == 0 {
		return 0
	}
	return int64(part * 100 / whole) //nolint:gosec // at most 100
}

func daysLeft(until, now time.Time) int64 { return int64(until.Sub(now) / (24 * time.Hour)) }
