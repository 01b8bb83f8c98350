namespace DemEngine.Evaluation.Templates;

/// <summary>Arithmetic, concatenation and containment, as Python has them.</summary>
internal static class Operators
{
    /// <summary>The value of an operator with two operands; <see cref="Undefined"/> if it has none for them.</summary>
    /// <exception cref="DivideByZeroException">A number is divided by 0.</exception>
    /// <exception cref="OverflowException">A whole number is beyond 64 bits, or a text is repeated too often.</exception>
    public static object? Apply(string sign, object? left, object? right) => (sign, left, right) switch
    {
        ("~", _, _) => PythonText.Of(left) + PythonText.Of(right),
        ("+", string a, string b) => a + b,
        ("+", List<object?> a, List<object?> b) when a is TupleOf == b is TupleOf =>
            a is TupleOf ? new TupleOf([.. a, .. b]) : new List<object?>([.. a, .. b]),
        ("*", string text, long or bool) => Repeat(text, (long)Values.Number(right)),
        ("*", long or bool, string text) => Repeat(text, (long)Values.Number(left)),
        ("%", string, _) => new Undefined("formatting with %"),
        _ when Values.IsNumber(left) && Values.IsNumber(right) => Compute(sign, left, right),
        _ => new Undefined(sign),
    };

    /// <summary>Whether a list, a mapping or a text contains a value; null if it is none of these.</summary>
    public static bool? Contains(object? owner, object? value) => owner switch
    {
        string text => value is string part ? text.Contains(part, StringComparison.Ordinal) : null,
        Mapping mapping => mapping.TryGetValue(value, out _),
        List<object?> list => list.Any(item => Values.AreEqual(item, value)),
        Undefined => false,
        _ => null,
    };

    private static string Repeat(string text, long times)
    {
        const int Longest = 1 << 24;
        if (times * (double)text.Length > Longest)
            throw new OverflowException();
        return string.Concat(Enumerable.Repeat(text, (int)Math.Max(0, times)));
    }

    private static object Compute(string sign, object? left, object? right)
    {
        if (left is not double && right is not double && sign != "/")
            return ComputeWhole(sign, Whole(left), Whole(right));
        double a = Values.Number(left), b = Values.Number(right);
        if (sign is "/" or "//" or "%" && b == 0)
            throw new DivideByZeroException();
        return sign switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            "//" => Math.Floor(a / b),
            "%" => a - (b * Math.Floor(a / b)),
            _ => Math.Pow(a, b),
        };
    }

    // Division of whole numbers rounds down, so that the remainder has the divisor's sign.
    private static object ComputeWhole(string sign, long a, long b)
    {
        checked
        {
            return sign switch
            {
                "+" => (object)(a + b),
                "-" => a - b,
                "*" => a * b,
                "//" => (a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0),
                "%" => ((a % b) + b) % b,
                _ when b < 0 => Math.Pow(a, b),
                _ => Power(a, b),
            };
        }
    }

    private static long Power(long number, long exponent)
    {
        const long MostFactors = 63;
        if (number is 0 or 1 or -1)
            return exponent == 0 ? 1 : exponent % 2 == 0 ? number * number : number;
        if (exponent > MostFactors)
            throw new OverflowException();
        long power = 1;
        for (long k = 0; k < exponent; k++)
            power = checked(power * number);
        return power;
    }

    private static long Whole(object? value) => value is bool flag ? (flag ? 1 : 0) : (long)value!;
}
