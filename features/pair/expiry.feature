Feature: The operator reminds of the drive's end
  The operator knows the calendar too, and tells people before a drive's keys end.

  Rule: A reminder is raised 30 days before the end and again at 3 (fn.md 5.3)

    @case:O-046 @should
    Scenario: People are reminded by the operator's calendar
      Given the drive's keys live 40 days
      And a registered register of FFD 1.2
      Then the operator has no incidents
      When 11 days pass
      Then the operator has an incident about "осталось не более 30 дней"
      When 27 days pass
      Then the operator has an incident about "осталось не более 3 дней"
