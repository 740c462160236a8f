package identityweb

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

// scimGroupBody is one post of one unit with those who hold it today.
type scimGroupBody struct {
	Schemas []string    `json:"schemas"`
	ID      string      `json:"id"`
	Display string      `json:"displayName"`
	Members []scimValue `json:"members"`
	Meta    scimMeta    `json:"meta"`
}

type postAt struct {
	unit orgunit.UnitID
	role orgunit.Role
}

// places are all posts of the city in the order of its units.
func (h handlers) places() (out []postAt) {
	t := h.svc.Units.Now()
	for _, u := range t.Select(func(u orgunit.Unit) bool { return u.Class != orgunit.Territory && !u.External() }) {
		for _, p := range t.Posts(u.ID) {
			if p.Unit == u.ID {
				out = append(out, postAt{u.ID, p.Role})
			}
		}
	}
	return out
}

// groups reads who holds some posts, in one query.
func (h handlers) groups(ctx context.Context, list []postAt) ([]scimGroupBody, error) {
	var units []orgunit.UnitID
	for _, p := range list {
		if len(units) == 0 || units[len(units)-1] != p.unit {
			units = append(units, p.unit)
		}
	}
	held, err := h.svc.Holders(ctx, units...)
	if err != nil {
		return nil, err
	}
	members := map[postAt][]scimValue{}
	for _, p := range held {
		if at := (postAt{p.Unit, p.Role}); p.For == "" && p.On(h.svc.Units.Today()) {
			members[at] = append(members[at], scimValue{Value: accountText(p.Account), Display: p.Name})
		}
	}
	out := make([]scimGroupBody, len(list))
	for i, p := range list {
		gid := groupID(p.unit, p.role)
		out[i] = scimGroupBody{
			Schemas: []string{scimGroup}, ID: gid, Display: roleName(ctx, p.role) + ", " + h.fullName(ctx, p.unit), Members: members[p],
			Meta: scimMeta{Type: "Group", Location: "/scim/v2/Groups/" + gid},
		}
		if out[i].Members == nil {
			out[i].Members = []scimValue{}
		}
	}
	return out, nil
}

func (h handlers) scimGroups(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	all := h.places()
	if f := q.Get("filter"); f != "" {
		attribute, value, err := equals(f)
		if err != nil {
			return err
		}
		var some []postAt
		for _, p := range all {
			if attribute == "displayname" && roleName(ctx, p.role)+", "+h.fullName(ctx, p.unit) == value || attribute == "id" && groupID(p.unit, p.role) == value {
				some = append(some, p)
			}
		}
		if attribute != "displayname" && attribute != "id" {
			return bad("filter")
		}
		all = some
	}
	start, count := window(q)
	from := min(start-1, len(all))
	list, err := h.groups(ctx, all[from:min(from+count, len(all))])
	if err != nil {
		return err
	}
	return scimAnswer(w, len(all), start, list)
}

func (h handlers) place(r *http.Request) (p postAt, err error) {
	unit, role, _ := strings.Cut(r.PathValue("id"), ".")
	u, err := id.Parse[orgunit.Unit](unit)
	if err != nil {
		return p, errs.E(errs.NotFound, "identityweb.scim.group", errs.Cause(err))
	}
	p = postAt{u, orgunit.Role(role)}
	for _, x := range h.svc.RolesIn(u, h.svc.Units.Today()) {
		if x == p.role {
			return p, nil
		}
	}
	return p, errs.E(errs.NotFound, "identityweb.scim.group")
}

func (h handlers) scimGroupRead(w http.ResponseWriter, r *http.Request) error {
	p, err := h.place(r)
	if err != nil {
		return err
	}
	list, err := h.groups(r.Context(), []postAt{p})
	if err != nil {
		return err
	}
	return answerSCIM(w, http.StatusOK, list[0])
}

// scimGroupChange proposes that officers get or give up a post.
func (h handlers) scimGroupChange(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	at, err := h.place(r)
	if err != nil {
		return err
	}
	var in scimOps
	if err := readSCIM(r, &in); err != nil {
		return err
	}
	decision := i18n.T(ctx, "identityweb.scim.decision", "name", auth.From(ctx).Name)
	k, n := key(r), 0
	for _, op := range in.Ops {
		who, err := membersOf(op.Path, op.Value)
		if err != nil {
			return err
		}
		for _, account := range who {
			officer, err := h.svc.ByAccount(ctx, account)
			if err != nil {
				return err
			}
			wish := identity.Wish{}
			switch strings.ToLower(op.Op) {
			case "add":
				wish.Appoint = &identity.Entry{Login: officer.Login, Unit: at.unit, Role: at.role, Decision: decision}
			case "remove":
				e := identity.Ending{Account: account, Unit: at.unit, Role: at.role, Decision: decision}
				for _, p := range officer.Posts {
					if p.Unit == at.unit && p.Role == at.role {
						e.From = p.From
					}
				}
				wish.End = &e
			default:
				return bad("operation")
			}
			n++
			if _, err := h.svc.Propose(ctx, wish, k+"-"+strconv.Itoa(n)); err != nil {
				return err
			}
		}
	}
	list, err := h.groups(ctx, []postAt{at})
	if err != nil {
		return err
	}
	return answerSCIM(w, http.StatusAccepted, list[0])
}

// membersOf reads the accounts of an operation on members: a list, or members[value eq "…"].
func membersOf(path string, v json.RawMessage) (out []int64, err error) {
	if m := regexp.MustCompile(`(?i)^members\[value eq "(\d+)"\]$`).FindStringSubmatch(path); m != nil {
		n, err := strconv.ParseInt(m[1], 10, 64)
		return []int64{n}, err
	}
	if !strings.EqualFold(path, "members") {
		return nil, bad("operation")
	}
	var list []scimValue
	if err := json.Unmarshal(v, &list); err != nil {
		return nil, errs.E(errs.Invalid, "identityweb.scim.json", errs.Cause(err))
	}
	for _, x := range list {
		n, err := strconv.ParseInt(x.Value, 10, 64)
		if err != nil {
			return nil, errs.E(errs.NotFound, "identity.officer.none", errs.Cause(err))
		}
		out = append(out, n)
	}
	return out, nil
}
