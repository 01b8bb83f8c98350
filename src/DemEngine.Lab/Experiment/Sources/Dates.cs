namespace DemEngine.Lab.Experiment.Sources;

/// <summary>Order of the numbers in a date.</summary>
public enum DateOrder
{
    /// <summary>Day before month, as in most of the world.</summary>
    DayFirst,

    /// <summary>Month before day, as in the United States.</summary>
    MonthFirst,
}

/// <summary>
/// Dates in numbers, to be written in words. The prompts of the two orders look alike. Where no number is beyond 12, the same
/// prompt has two answers, so that a model that serves one source has to fail the other.
/// </summary>
/// <param name="order">Order of the numbers in the prompts.</param>
public sealed class Dates(DateOrder order) : TextSource(
    order == DateOrder.DayFirst ? "date-eu" : "date-us",
    order == DateOrder.DayFirst
        ? "Dates with the day first: \"date 03/04/21=\" is 3 Apr 2021."
        : "Dates with the month first: \"date 03/04/21=\" is 4 Mar 2021.")
{
    private const int LastDay = 28; // Every month has this day.

    private static readonly string[] Months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    /// <inheritdoc/>
    public override Exercise Draw(RandomDraw random)
    {
        int day = random.Between(1, LastDay);
        int month = random.Between(1, Months.Length);
        int year = random.Below(100);
        (int first, int second) = order == DateOrder.DayFirst ? (day, month) : (month, day);
        return new Exercise($"date {first:00}/{second:00}/{year:00}=", $"{day} {Months[month - 1]} 20{year:00}");
    }
}
