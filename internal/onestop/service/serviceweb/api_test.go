package serviceweb_test

import (
	"net/http"
	"slices"
	"testing"

	"khue/internal/citytest"
	"khue/internal/onestop/service/serviceweb"
)

func TestServicesOfADay(t *testing.T) {
	t.Parallel()
	c := citytest.New(t) // 2025-06-23, three tiers
	const birth = "hanoi.civil-status.birth-registration"
	on := func(query string) serviceweb.Brief {
		var list struct {
			Items []serviceweb.Brief `json:"items"`
		}
		c.Visitor().Get("/api/v1/services" + query).Want(http.StatusOK).Into(&list)
		i := slices.IndexFunc(list.Items, func(b serviceweb.Brief) bool { return b.ID == birth })
		if i < 0 {
			t.Fatalf("%+v", list)
		}
		return list.Items[i]
	}
	if b := on(""); b.Version != "1.4.0" || b.ValidTo != "2025-06-30" || b.Level != 3 || b.Why.EN == "" {
		t.Errorf("%+v", b)
	}
	if b := on("?on=2025-07-01"); b.Version != "2.1.0" || b.ValidTo != "" {
		t.Errorf("%+v", b)
	}
	c.Visitor().Get("/api/v1/services?on=1.7.2025").Want(http.StatusUnprocessableEntity)

	var one serviceweb.Full
	c.Visitor().Get("/api/v1/services/" + birth).Want(http.StatusOK).Into(&one)
	paths := map[string]serviceweb.Field{}
	for _, f := range one.Fields {
		paths[f.Path] = f
	}
	if f := paths["child.sex"]; f.Required != "true" || len(f.Codes) != 2 {
		t.Errorf("%+v", f)
	}
	if f := paths["mother.residence.unit"]; f.Type != "unit" || f.When == "" {
		t.Errorf("%+v", f)
	}
	if len(one.Papers) == 0 || len(one.Steps) == 0 {
		t.Errorf("%+v", one)
	}
	c.Visitor().Get("/api/v1/services/nothing").Want(http.StatusNotFound)
}
