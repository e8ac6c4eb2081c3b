package kkt

import (
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

const (
	agentsBank    = AgentBankPayment | AgentBankPaymentSub
	agentsPayment = AgentPayment | AgentPaymentSub
)

func (a Agent) single() bool { return a&(a-1) == 0 && a&^agentAll == 0 }

// checkAgents is and the data that the kind of agent demands
// (documents.csv, notes to 1057 and 1222).
func (s *settlement) checkAgents() {
	w := s.w
	if s.Agent != 0 {
		switch {
		case w.v == fiscal.FFD12:
			w.refuse(RuleFFD, "признак агента всего чека (1057) есть только в ФФД 1.05 и 1.1: укажите агента в предмете расчета")
		case !s.Agent.single():
			w.refuse("S-10", "признак агента чека (1057): нужен ровно один бит")
		case s.Agent&^s.reg.Agents != 0:
			w.refuse("R-03", "признак агента чека (1057) не указан при регистрации ККТ")
		}
		s.checkAgentData("чек", s.Agent, s.AgentData, s.ProviderPhone)
	} else if s.AgentData != nil || len(s.ProviderPhone) > 0 {
		w.refuse("R-03", "данные агента в чеке без признака агента (1057)")
	}
	for i := range s.Items {
		s.checkItemAgent(i, &s.Items[i])
	}
}

func (s *settlement) checkItemAgent(i int, it *Item) {
	w := s.w
	agent := it.Agent | s.Agent
	switch {
	case !it.Agent.single():
		w.refuse("S-10", "предмет расчета %d: признак агента (1222): нужен ровно один бит", i+1)
	case agent == 0 && (it.AgentData != nil || it.Provider != nil):
		w.refuse("R-03", "предмет расчета %d: данные агента или поставщика без признака агента", i+1)
	case agent != 0 && it.Provider == nil:
		w.refuse("R-04", "предмет расчета %d: расчет агента, нужен ИНН поставщика (1226)", i+1)
	}
	if it.Agent == 0 || it.Provider == nil {
		return
	}
	data, phones := it.AgentData, it.Provider.Phone
	if w.v < fiscal.FFD12 { // what the receipt says once, its items need not repeat
		if data == nil {
			data = s.AgentData
		}
		if len(phones) == 0 {
			phones = s.ProviderPhone
		}
	}
	s.checkAgentData("предмет расчета", it.Agent, data, phones)
}

// checkAgentData asks payment and bank payment agents for their own data; the other
// agents have none.
func (s *settlement) checkAgentData(where string, a Agent, d *AgentData, providerPhones []string) {
	if a&(agentsBank|agentsPayment) == 0 {
		return
	}
	w := s.w
	if d == nil {
		d = &AgentData{}
	}
	missing := func(absent bool, what string) {
		if absent {
			w.refuse(RuleAgent, "%s: платежному агенту нужен %s", where, what)
		}
	}
	missing(len(d.AgentPhone) == 0, "телефон платежного агента (1073)")
	missing(len(providerPhones) == 0, "телефон поставщика (1171)")
	if a&agentsPayment != 0 {
		missing(len(d.OperatorPhone) == 0, "телефон оператора по приему платежей (1074)")
		return
	}
	missing(d.Operation == "", "вид операции банковского платежного агента (1044)")
	missing(len(d.TransferOperatorPhone) == 0, "телефон оператора перевода (1075)")
	missing(d.TransferOperatorName == "", "наименование оператора перевода (1026)")
	missing(d.TransferOperatorAddress == "", "адрес оператора перевода (1005)")
	missing(d.TransferOperatorINN == "", "ИНН оператора перевода (1016)")
}

// writeReceiptAgent is 1057 with the data that hold for the whole receipt.
func (s *settlement) writeReceiptAgent() {
	if s.Agent == 0 {
		return
	}
	s.w.byte(ffd.TagAgentType, byte(s.Agent))
	if s.AgentData != nil {
		s.w.agentData(s.AgentData)
	}
	s.w.texts(ffd.TagProviderPhone, s.ProviderPhone)
}

// writeItemAgent is 1222, 1223, 1224 and 1226.
func (s *settlement) writeItemAgent(it *Item) {
	w := s.w
	if it.Agent != 0 {
		w.byte(ffd.TagItemAgentType, byte(it.Agent))
	}
	if d := it.AgentData; d != nil {
		w.group(ffd.TagAgentData, func() { w.agentData(d) })
	}
	p := it.Provider
	if p == nil {
		return
	}
	if len(p.Phone) > 0 || p.Name != "" {
		w.group(ffd.TagProviderData, func() {
			w.texts(ffd.TagProviderPhone, p.Phone)
			w.text(ffd.TagProviderName, p.Name)
		})
	}
	inn := p.INN
	keep(&inn, fiscal.NoINN)
	w.inn(ffd.TagProviderINN, inn, "I-07")
}

func (w *writer) agentData(d *AgentData) {
	w.text(ffd.TagPaymentAgentOperation, d.Operation)
	w.texts(ffd.TagPaymentAgentPhone, d.AgentPhone)
	w.texts(ffd.TagPaymentOperatorPhone, d.OperatorPhone)
	w.texts(ffd.TagTransferOperatorPhone, d.TransferOperatorPhone)
	w.text(ffd.TagTransferOperatorName, d.TransferOperatorName)
	w.text(ffd.TagTransferOperatorAddress, d.TransferOperatorAddress)
	w.inn(ffd.TagTransferOperatorINN, d.TransferOperatorINN, "I-07")
}
