using System.Text.Json;
using DemEngine.Numerics;

namespace DemEngine.Native.Calls;

/// <summary>The value of an option, read as what it must be.</summary>
/// <param name="name">Name of the option, for messages.</param>
/// <param name="value">The value.</param>
internal readonly struct OptionValue(string name, JsonElement value)
{
    /// <summary>A whole number from 1.</summary>
    public long Count => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long count) && count >= 1
        ? count
        : throw Wrong("a whole number from 1");

    /// <summary>True or false.</summary>
    public bool Flag => value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.GetBoolean()
        : throw Wrong("true or false");

    /// <summary>An element type that differences are stored in.</summary>
    public ElementType DifferenceType =>
        value.ValueKind == JsonValueKind.String && ElementTypes.TryParseFloat(value.GetString()!, out ElementType type)
            && type is ElementType.F32 or ElementType.BF16 or ElementType.F16
            ? type
            : throw Wrong("one of \"f32\", \"bf16\", \"f16\"");

    /// <summary>One of the words of an enumeration, in lower case.</summary>
    public T OneOf<T>()
        where T : struct, Enum
    {
        string? word = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        foreach (T one in Enum.GetValues<T>())
        {
            if (WordOf(one) == word)
                return one;
        }

        throw Wrong($"one of {string.Join(", ", Enum.GetValues<T>().Select(one => $"\"{WordOf(one)}\""))}");
    }

    private static string WordOf<T>(T one)
        where T : struct, Enum => one.ToString().ToLowerInvariant();

    private DemException Wrong(string allowed) =>
        new(ErrorCode.BadArgument, $"the option \"{name}\" is {value.GetRawText()}, and must be {allowed}");
}
