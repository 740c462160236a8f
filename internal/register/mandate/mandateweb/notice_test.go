package mandateweb_test

import (
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// Both sides hear of an offer, of what became of it, and in time that it ends; nobody else does.
func TestBothSidesHearOfAMandate(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		hanh, binh := c.AsLogin("0912000001"), c.AsLogin("0912000002")
		hears := func(who citytest.Actor, words string) {
			t.Helper()
			c.Eventually("somebody reads: "+words, func() bool {
				return strings.Contains(string(who.Get("/api/v1/inbox").Want(200).Body), words)
			})
		}
		c.Listens("app.mandates")
		refused := grant(t, c)
		hears(hanh, "Bạn đã đề nghị ủy quyền cho Trần Văn Bình")
		hears(binh, "Nguyễn Thị Hạnh đề nghị ủy quyền cho bạn")
		send(binh, "/account/mandates/"+refused, "do", "decline").Want(303)
		hears(hanh, "Trần Văn Bình không đồng ý")
		hears(binh, "Bạn đã từ chối làm thay cho Nguyễn Thị Hạnh")
		id := grant(t, c)
		send(binh, "/account/mandates/"+id, "do", "accept").Want(303)
		hears(hanh, "Trần Văn Bình đã đồng ý làm thay")
		hears(binh, "Bạn đã đồng ý làm thay cho Nguyễn Thị Hạnh")
		if body := string(c.As("clerk").Get("/api/v1/inbox").Want(200).Body); strings.Contains(body, "Hạnh") {
			t.Errorf("the clerk is told: %s", body)
		}
		// Its last day is 2025-12-31.
		soon := func() bool {
			return strings.Contains(string(hanh.Get("/api/v1/inbox").Want(200).Body), "sắp hết hạn")
		}
		if soon() {
			t.Error("the end is told half a year before")
		}
		c.Pass(clock.MustDate("2025-12-20").At(8, 10).Sub(c.Clock.Now()))
		c.Eventually("both are told that it sắp hết hạn", func() bool {
			c.Pass(30 * time.Minute) // the clock of the jobs may have begun only now
			return soon() && strings.Contains(string(binh.Get("/api/v1/inbox").Want(200).Body), "sắp hết hạn")
		})
		send(hanh, "/account/mandates/"+id, "do", "end").Want(303)
		hears(hanh, "không còn làm thay cho bạn")
		hears(binh, "Bạn không còn làm thay cho Nguyễn Thị Hạnh")
	}, citytest.At(clock.MustDate("2025-07-02").At(8, 10)))
}
