using System.Globalization;
using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Values;

/// <summary>A finite number.</summary>
public sealed record NumberValue : ScalarValue
{
    /// <summary>Creates a number value.</summary>
    /// <param name="number">The number.</param>
    /// <param name="place">Location in the recipe; <see cref="SourceLocation.None"/> when null.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is infinite or not a number.</exception>
    public NumberValue(double number, SourceLocation? place = null)
        : base(place ?? SourceLocation.None)
    {
        if (!double.IsFinite(number))
            throw new ArgumentOutOfRangeException(nameof(number), number, "A parameter is a finite number.");
        Number = number;
    }

    /// <summary>The number.</summary>
    public double Number { get; }

    internal override string Found => "the number " + Number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A flag: true or false.</summary>
public sealed record FlagValue : ScalarValue
{
    /// <summary>Creates a flag value.</summary>
    /// <param name="flag">The flag.</param>
    /// <param name="place">Location in the recipe; <see cref="SourceLocation.None"/> when null.</param>
    public FlagValue(bool flag, SourceLocation? place = null)
        : base(place ?? SourceLocation.None) => Flag = flag;

    /// <summary>The flag.</summary>
    public bool Flag { get; }

    internal override string Found => Flag ? "true" : "false";
}

/// <summary>A text; anything in quotes is a text, even <c>"0.5"</c>.</summary>
public sealed record TextValue : ScalarValue
{
    /// <summary>Creates a text value.</summary>
    /// <param name="text">The text.</param>
    /// <param name="place">Location in the recipe; <see cref="SourceLocation.None"/> when null.</param>
    public TextValue(string text, SourceLocation? place = null)
        : base(place ?? SourceLocation.None) => Text = text;

    /// <summary>The text.</summary>
    public string Text { get; }

    internal override string Found => "the text " + Shown.Quote(Text);
}
