package resultweb_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/onestop/result"
	"khue/internal/onestop/result/poststandweb"
	"khue/internal/onestop/result/postweb"
)

// eachPost runs a test in a city whose results go by a stand-in of a post.
func eachPost(t *testing.T, test func(c city, post *poststandweb.Post)) {
	t.Helper()
	type made struct {
		pen  *pen
		post *poststandweb.Post
	}
	var mu sync.Mutex
	all := map[string]made{}
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		mu.Lock()
		m := all[c.Config.Data]
		mu.Unlock()
		gate := httptest.NewServer(http.HandlerFunc(c.Server.ServeHTTP))
		t.Cleanup(gate.Close)
		m.post.City, m.post.Clock = gate.URL, c.Clock
		test(city{c, t, m.pen}, m.post)
	}, citytest.At(clock.MustDate("2026-11-09").At(8, 30)), citytest.With(func(c *app.Config) {
		m := made{&pen{}, &poststandweb.Post{Secret: "thu"}}
		office := httptest.NewServer(m.post.Handler())
		t.Cleanup(office.Close)
		c.Signing, c.PostURL, c.PostSecret = m.pen, office.URL, "thu"
		mu.Lock()
		all[c.Data] = m
		mu.Unlock()
	}))
}

// TestAResultGoesByPostAndComesBack: the order is made once however often its answer is lost; news
// that come twice, late or forged change nothing more, lost ones are asked for; what returns is a
// matter of the counter, and its owner is told of each state.
func TestAResultGoesByPostAndComesBack(t *testing.T) {
	t.Parallel()
	eachPost(t, func(c city, post *poststandweb.Post) {
		t := c.t
		post.Set(poststandweb.Faults{LoseAnswers: 2, Double: true, Stale: true})
		code := c.worship("AB 601 b", "post")
		c.by("noivu.vanthu", code, "number", nil).Want(200)
		parcel := func() result.Parcel {
			t.Helper()
			list, err := c.Results.Parcels(t.Context(), c.results(code)[0].Dossier)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				return result.Parcel{}
			}
			return list[0]
		}
		c.Eventually("the paper is issued", func() bool { return c.results(code)[0].State == result.Issued })
		c.Eventually("the post has the order", func() bool {
			c.Pass(time.Minute) // the pauses between the tries
			return parcel().State == result.Ordered
		})
		keys, asked := post.Orders()
		if len(keys) != 1 || asked < 3 || parcel().Tracking == "" {
			t.Fatalf("%d orders of %d tries, tracked by %q", len(keys), asked, parcel().Tracking)
		}
		r := c.results(code)[0]
		if keys[0] != r.ID.String() || r.Tracking != parcel().Tracking {
			t.Errorf("the order is of %s, the result is %+v", keys[0], r)
		}
		moved := func(to result.ParcelState) {
			t.Helper()
			if err := post.Move(t.Context(), keys[0], to, "Không có người nhận"); err != nil {
				t.Fatal(err)
			}
		}
		moved(result.OnWay)
		if parcel().State != result.OnWay {
			t.Errorf("on its way it is %s", parcel().State)
		}
		if page := c.page("noivu.motcua", "/desk/dossiers/"+code); !strings.Contains(page, parcel().Tracking) || !strings.Contains(page, "On its way") {
			t.Error("the officer is not shown where the parcel is")
		}

		// News of a stranger, and of an order that is none.
		forged := []byte(`{"key":"` + keys[0] + `","tracking":"X","state":"delivered","at":"2026-11-09T09:00:00Z"}`)
		tell := func(sig string, body []byte) citytest.Answer {
			return c.Visitor().Do(http.MethodPost, "/post/news", body, map[string]string{"Content-Type": "application/json", postweb.SignatureHeader: sig})
		}
		tell(postweb.Sign("khác", c.Clock.Now(), forged), forged).Want(403)
		tell(postweb.Sign("thu", c.Clock.Now().Add(-time.Hour), forged), forged).Want(403)
		strange := []byte(`{"key":"99","tracking":"X","state":"delivered","at":"2026-11-09T09:00:00Z"}`)
		tell(postweb.Sign("thu", c.Clock.Now(), strange), strange).Want(404)

		// The news are lost, and asked for.
		post.Set(poststandweb.Faults{LoseNews: true})
		moved(result.Returned)
		if parcel().State != result.OnWay {
			t.Fatal("lost news arrived")
		}
		c.Eventually("the post was asked", func() bool {
			c.Pass(time.Hour)
			return parcel().State == result.Returned
		})
		post.Set(poststandweb.Faults{})
		moved(result.OnWay) // late: it changes nothing
		if parcel().State != result.Returned {
			t.Errorf("late news made it %s", parcel().State)
		}

		list := c.page("motcua", "/desk/parcels")
		if !strings.Contains(list, code) || !strings.Contains(list, "Coming back") || !strings.Contains(list, "It is back") {
			t.Error("the counter is not shown the parcel that comes back")
		}
		if strings.Contains(list, "Thành") {
			t.Error("the list of parcels names people")
		}
		c.Eventually("the clerk is told", func() bool { return strings.Contains(c.page("motcua", "/inbox"), code) })
		here := "/desk/parcels/" + keys[0]
		c.form("noivu.motcua", here, url.Values{}).Want(404)
		c.form("noivu.pgd", here, url.Values{}).Want(403)
		press := url.Values{"_key": {web.NewKey()}}
		for range 2 {
			c.form("motcua", here, press).Want(303)
		}
		if parcel().State != result.Back {
			t.Errorf("taken back it is %s", parcel().State)
		}
		if err := c.Results.TakeBack(c.as("motcua"), r.ID, web.NewKey()); !errs.Is(err, errs.Conflict) {
			t.Errorf("taken back twice: %v", err)
		}
		want := []string{result.EventIntended, result.EventSigned, result.EventIssued, result.EventPosted, result.EventParcel, result.EventParcel, result.EventParcel, result.EventParcel}
		if got := c.kinds(r); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("the journal says %v", got)
		}
	})
}

// TestThePostMayRefuse: an address to which nothing is delivered is a matter of the counter, and
// nothing is ordered again and again.
func TestThePostMayRefuse(t *testing.T) {
	t.Parallel()
	eachPost(t, func(c city, post *poststandweb.Post) {
		t := c.t
		post.Set(poststandweb.Faults{Down: true})
		code := c.worship("AB 602 b", "post")
		c.by("noivu.vanthu", code, "number", nil).Want(200)
		c.Eventually("the paper is issued", func() bool { return c.results(code)[0].State == result.Issued })
		d := c.results(code)[0].Dossier
		if list, err := c.Results.Parcels(t.Context(), d); err != nil || len(list) > 0 {
			t.Fatalf("a post that is down took an order: %v %v", list, err)
		}
		post.Set(poststandweb.Faults{Refuse: "Bát Khối"})
		c.Eventually("the post refused", func() bool {
			c.Pass(time.Hour)
			list, err := c.Results.Parcels(t.Context(), d)
			return err == nil && len(list) == 1 && list[0].State == result.Refused
		})
		if page := c.page("motcua", "/desk/parcels"); !strings.Contains(page, "Refused by the post") || !strings.Contains(page, "Không phát được tới địa chỉ này") {
			t.Error("the counter is not told why")
		}
		if keys, _ := post.Orders(); len(keys) > 0 {
			t.Errorf("the post has %d orders", len(keys))
		}
	})
}
