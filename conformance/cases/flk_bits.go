package cases

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

func bitCase(id, path, title string, right bool, values []uint32) conformance.Case {
	return conformance.Case{
		ID: id, Path: path, Title: title, Source: "flk.md S-10, fn.md 9.1", Mark: conformance.Code, Variants: conformance.FFD12, Tags: []string{"flk"},
		Run: func(ctx context.Context, r *conformance.Run) {
			for _, v := range values {
				reg := r.Standard()
				d := reg.Registration().Set(model.U32(1290, v))
				if v&(1<<1) != 0 { // a printer in an automat: the register is one
					d.Set(model.U8(1001, 1)).Add(model.Text(1036, "автомат 1"))
				}
				a := r.Dial(ctx).Accepted(reg, d.Bytes(), conformance.Code)
				if right {
					r.CleanCode(reg, a, conformance.Code)
				} else {
					r.FLKCode(reg, a, conformance.Code)
				}
				if r.CanInspect() {
					rules := r.Document(ctx, reg.FN, 1).Rules
					r.Expect("document/finding", conformance.TB, fmt.Sprintf("1290 = %#x is %s", v, map[bool]string{true: "no finding", false: "a finding of S-10"}[right]),
						contains(rules, "S-10") == !right, !right, fmt.Sprint(rules))
				}
			}
		},
	}
}
