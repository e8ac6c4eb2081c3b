package report

import (
	"context"
	"strconv"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// monitoring is REP-08 of all active registers of the report.
func (m *making) monitoring(ctx context.Context, t *Table) error {
	watch, err := m.s.o.Fleet.Monitor(ctx, m.v, fleet.Look{Filter: fleet.Filter{Branch: m.p.Branch, Group: m.p.Group, Numbers: m.p.Registers}}, m.now)
	if err != nil {
		return err
	}
	return monitored(t, watch.Rows)
}

// Watched is REP-08 of what the viewer looks at (CAB-095): the same registers in the
// same order as on the screen.
func (s *Service) Watched(ctx context.Context, v access.Viewer, look fleet.Look) (*Table, error) {
	watch, err := s.o.Fleet.Monitor(ctx, v, look, s.o.Now())
	if err != nil {
		return nil, err
	}
	org, err := s.o.People.Org(ctx, v)
	if err != nil {
		return nil, err
	}
	t := &Table{Title: Monitoring.Title(), About: [][2]string{{"Организация", org.Name}, {"ИНН", org.INN}, {"Построен", s.o.Now().In(zoneOf(org)).Format("02.01.2006 15:04:05 -07:00")}}}
	return t, monitored(t, watch.Rows)
}

// colours in words.
var colours = map[fleet.Colour]string{fleet.Grey: "нет данных", fleet.Green: "зелёный", fleet.Yellow: "жёлтый", fleet.Red: "красный"}

func monitored(t *Table, rows []fleet.Watched) error {
	t.Columns = []Column{{"Касса", Text}, {"РНМ", Text}, {"Торговая точка", Text}, {"Подразделение", Text}, {"Состояние", Text}}
	for _, i := range fleet.Indicators() {
		t.Columns = append(t.Columns, Column{i.Title + ": цвет", Text}, Column{i.Title, Text})
	}
	t.Columns = append(t.Columns, Column{"Причина", Text}, Column{"Документов за день", Number}, Column{"Последний документ", Moment}, Column{"Последний ФД с ошибкой ФЛК", Number}, Column{"Дата последнего ФД с ошибкой ФЛК", Moment})
	var worst [4]int
	var documents int64
	for _, r := range rows {
		cells := []any{text(r.Name), text(r.RegID), text(r.OutletName), text(r.Department), colours[r.Lights.Worst]}
		for _, i := range r.Lights.All() {
			cells = append(cells, colours[i.Colour], i.Value)
		}
		cells = append(cells, text(r.Lights.Reason()), int64(r.Today), wall(r.State.Last, r.Zone), nil, nil)
		if r.State.FlawedFD != 0 {
			cells[len(cells)-2], cells[len(cells)-1] = int64(r.State.FlawedFD), r.State.FlawedWall
		}
		worst[r.Lights.Worst]++
		documents += int64(r.Today)
		if err := t.add(cells...); err != nil {
			return err
		}
	}
	cells := append([]any{"Итого касс"}, blanks(13)...)
	cells[1] = strconv.Itoa(len(rows))
	t.total(append(cells, documents)...)
	for _, c := range []fleet.Colour{fleet.Green, fleet.Yellow, fleet.Red, fleet.Grey} {
		t.total(colours[c], strconv.Itoa(worst[c]))
	}
	return nil
}
