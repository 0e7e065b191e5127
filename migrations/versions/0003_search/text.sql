-- Text analysis: the same functions see the rows and the query, so that both are folded alike.
-- Plain PL/pgSQL with explicit "C" collation: the result is the same under every locale and without ICU.
-- Each regular expression that only asks is there to spare what would change nothing: these run for every row.

CREATE SCHEMA search;

COMMENT ON SCHEMA search IS 'Text analysis and ranked search over the employee tables';

-- Marks of every kind, expecting NFKC: Latin letters lose theirs (unaccent() is neither IMMUTABLE nor always there),
-- a dash after a kana becomes the prolonged sound mark, iteration marks become what they repeat (佐々木 is 佐佐木),
-- apostrophes become one, and what cannot be seen goes.
CREATE FUNCTION search.without_marks(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value COLLATE "C" ~ '[\u00C0-\u024F\u0300-\u036F\u1E00-\u1EFF]' THEN
        value := regexp_replace(pg_catalog.normalize(value, 'NFKD') COLLATE "C", '[\u0300-\u036F]+', '', 'g');
        value := pg_catalog.normalize(value, 'NFKC');
        value := translate(value, 'đĐðÐøØłŁıŋŊħĦŧŦ', 'ddddoollinnhhtt');
        value := replace(replace(replace(value, 'ß', 'ss'), 'æ', 'ae'), 'Æ', 'ae');
        value := replace(replace(replace(replace(value, 'œ', 'oe'), 'Œ', 'oe'), 'þ', 'th'), 'Þ', 'th');
    END IF;
    value := regexp_replace(value COLLATE "C", '[\u200B-\u200F\u2060\uFE00-\uFE0F\uFEFF\U000E0100-\U000E01EF]', '', 'g');
    value := regexp_replace(value COLLATE "C", '([ぁ-ゖァ-ヺー])[\u2010-\u2015\u2212]', '\1ー', 'g');
    value := regexp_replace(value COLLATE "C", '([^ ])[々ゝゞヽヾ〃仝]', '\1\1', 'g');
    RETURN lower(translate(value, '’‘ʼ′´`', '''''''''''''') COLLATE "C");
END
$$;

-- translate() takes the length of the text times the number of pairs: it is given the letters that are there.
-- Old and variant kanji become the one in daily use.
CREATE FUNCTION search.modern_kanji(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    old text := regexp_replace(value COLLATE "C", '[^亞惡壓圍醫爲壹隱榮營衞驛圓鹽緣艷應歐毆櫻奧橫溫穩假價畫會繪壞懷槪擴殼覺學斈嶽樂罐卷陷勸寬關歡觀氣旣歸僞戲犧舊據擧虛峽挾敎强鄕狹曉區驅駈勳薰徑惠揭溪經螢輕繼鷄雞藝擊缺硏縣儉劍劒劔釼險圈檢獻權顯驗嚴廣效恆黃鑛砿號國圀黑碎濟齋斉齊劑歲雜參蠶慘產贊殘絲齒兒辭濕實寫釋壽收從澁澀獸縱肅處敍敘將稱涉燒證奬條狀乘淨剩疊繩壤孃讓釀觸囑眞寢愼盡圖粹醉穗隨髓樞數瀨聲靑淸靜竊攝說專淺戰踐錢潛纖禪雙壯爭莊搜插巢曾瘦裝總騷藏臟卽屬續墮對體躰軆帶滯臺瀧擇澤擔單膽團斷彈遲癡蟲晝鑄廳徵聽鎭遞鐵銕點轉傳燈當黨盜稻鬪德悳獨讀屆貳弍惱腦霸拜廢賣麥發髮拔蠻祕濱濵甁拂佛倂竝餠邊邉變辨瓣辯步寶寳豐每萬滿麵默彌譯藥與豫餘譽搖樣謠來徠賴亂覽龍兩獵綠淚泪壘禮勵戾靈齡曆歷戀爐勞郞朖樓錄灣髙﨑嵜碕𠮷嶋嶌峯冨桒槇淵渊栁桺檜檮桝舘苅龝穐秌舩冰凉凜遙堯晉亙彥薮籔篭蘆薗栢曻晄禰祿竃繫纒聰靱顚驒鯵鷗鴬靏靎麴龜閒鄰頰俠俱剝𠮟吞嚙囊塡姊姬屛屢幷廐戶搔撹昻楳涌潑焰熙凞燿豬瑤畴皋礪礒簞緜繍萊萠蔣蘂蟬蠟裡諌賤軀輛邇醬醱鉤頸頴鹼槗𣘺圡逹逺邨埜畍畧冲决凖敕愽卻廚啞甞壺巖徃恠攜晧曺柹杤棊毗澔尓牀珎畄畱畆皷盃盖睿矦窗竒羣耻脉膓莵蘓乕蠣觧釡銳顏舖飮稅脫閱悅枩枀棃]+', '', 'g');
BEGIN
    IF old <> '' THEN
        RETURN translate(value, old, translate(old,
            '亞惡壓圍醫爲壹隱榮營衞驛圓鹽緣艷應歐毆櫻奧橫溫穩假價畫會繪壞懷槪擴殼覺學斈嶽樂罐卷陷勸寬關歡觀氣旣歸僞戲犧舊據擧虛峽挾敎强鄕狹曉區驅駈勳薰徑惠揭溪經螢輕繼鷄雞藝擊缺硏縣儉劍劒劔釼險圈檢獻權顯驗嚴廣效恆黃鑛砿號國圀黑碎濟齋斉齊劑歲雜參蠶慘產贊殘絲齒兒辭濕實寫釋壽收從澁澀獸縱肅處敍敘將稱涉燒證奬條狀乘淨剩疊繩壤孃讓釀觸囑眞寢愼盡圖粹醉穗隨髓樞數瀨聲靑淸靜竊攝說專淺戰踐錢潛纖禪雙壯爭莊搜插巢曾瘦裝總騷藏臟卽屬續墮對體躰軆帶滯臺瀧擇澤擔單膽團斷彈遲癡蟲晝鑄廳徵聽鎭遞鐵銕點轉傳燈當黨盜稻鬪德悳獨讀屆貳弍惱腦霸拜廢賣麥發髮拔蠻祕濱濵甁拂佛倂竝餠邊邉變辨瓣辯步寶寳豐每萬滿麵默彌譯藥與豫餘譽搖樣謠來徠賴亂覽龍兩獵綠淚泪壘禮勵戾靈齡曆歷戀爐勞郞朖樓錄灣髙﨑嵜碕𠮷嶋嶌峯冨桒槇淵渊栁桺檜檮桝舘苅龝穐秌舩冰凉凜遙堯晉亙彥薮籔篭蘆薗栢曻晄禰祿竃繫纒聰靱顚驒鯵鷗鴬靏靎麴龜閒鄰頰俠俱剝𠮟吞嚙囊塡姊姬屛屢幷廐戶搔撹昻楳涌潑焰熙凞燿豬瑤畴皋礪礒簞緜繍萊萠蔣蘂蟬蠟裡諌賤軀輛邇醬醱鉤頸頴鹼槗𣘺圡逹逺邨埜畍畧冲决凖敕愽卻廚啞甞壺巖徃恠攜晧曺柹杤棊毗澔尓牀珎畄畱畆皷盃盖睿矦窗竒羣耻脉膓莵蘓乕蠣觧釡銳顏舖飮稅脫閱悅枩枀棃',
            '亜悪圧囲医為壱隠栄営衛駅円塩縁艶応欧殴桜奥横温穏仮価画会絵壊懐概拡殻覚学学岳楽缶巻陥勧寛関歓観気既帰偽戯犠旧拠挙虚峡挟教強郷狭暁区駆駆勲薫径恵掲渓経蛍軽継鶏鶏芸撃欠研県倹剣剣剣剣険圏検献権顕験厳広効恒黄鉱鉱号国国黒砕済斎斎斎剤歳雑参蚕惨産賛残糸歯児辞湿実写釈寿収従渋渋獣縦粛処叙叙将称渉焼証奨条状乗浄剰畳縄壌嬢譲醸触嘱真寝慎尽図粋酔穂随髄枢数瀬声青清静窃摂説専浅戦践銭潜繊禅双壮争荘捜挿巣曽痩装総騒蔵臓即属続堕対体体体帯滞台滝択沢担単胆団断弾遅痴虫昼鋳庁徴聴鎮逓鉄鉄点転伝灯当党盗稲闘徳徳独読届弐弐悩脳覇拝廃売麦発髪抜蛮秘浜浜瓶払仏併並餅辺辺変弁弁弁歩宝宝豊毎万満麺黙弥訳薬与予余誉揺様謡来来頼乱覧竜両猟緑涙涙塁礼励戻霊齢暦歴恋炉労郎朗楼録湾高崎崎崎吉島島峰富桑槙渕渕柳柳桧梼枡館刈秋秋秋船氷涼凛遥尭晋亘彦藪藪籠芦園柏昇晃祢禄竈繋纏聡靭顛騨鰺鴎鶯鶴鶴麹亀間隣頬侠倶剥叱呑噛嚢填姉姫屏屡并厩戸掻攪昂梅湧溌焔煕煕耀猪瑶疇皐砺磯箪綿繡莱萌蒋蕊蝉蝋裏諫賎躯輌迩醤醗鈎頚穎鹸橋橋土達遠村野界略沖決準勅博却厨唖嘗壷巌往怪携皓曹柿栃棋毘浩爾床珍留留畝鼓杯蓋叡侯窓奇群恥脈腸菟蘇虎蛎解釜鋭顔舗飲税脱閲悦松松梨'));
    END IF;
    RETURN value;
END
$$;

-- The letters that are met most stand first, for each is looked for from the beginning.
CREATE FUNCTION search.hiragana(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    katakana text;
BEGIN
    IF value COLLATE "C" ~ '^[ァ-ヶゕゖー ]+$' THEN
        RETURN translate(value,
            ' ーンライトスルナムリタフレベオクアシィジカマエサミッキグウピブペチセプコロテダヤドァバゴネパヴビハデモノォヒョワズケャュユツェゥホガニザメヨソギゲボヌヘヅゼゾポヂヮヰヱヲヵヶゕゖ',
            ' ーんらいとするなむりたふれべおくあしぃじかまえさみっきぐうぴぶぺちせぷころてだやどぁばごねぱゔびはでものぉひょわずけゃゅゆつぇぅほがにざめよそぎげぼぬへづぜぞぽぢゎゐゑをかけかけ');
    END IF;
    katakana := regexp_replace(value COLLATE "C", '[^ァ-ヶゕゖ]+', '', 'g');
    RETURN translate(value, katakana, translate(katakana,
        'ンライトスルナムリタフレベオクアシィジカマエサミッキグウピブペチセプコロテダヤドァバゴネパヴビハデモノォヒョワズケャュユツェゥホガニザメヨソギゲボヌヘヅゼゾポヂヮヰヱヲヵヶゕゖ',
        'んらいとするなむりたふれべおくあしぃじかまえさみっきぐうぴぶぺちせぷころてだやどぁばごねぱゔびはでものぉひょわずけゃゅゆつぇぅほがにざめよそぎげぼぬへづぜぞぽぢゎゐゑをかけかけ'));
END
$$;

-- A company is known by its name, not by its legal form, before or after it.
-- Expects NFKC in lower case with modern kanji and hiragana: ㈱ and （株） both arrive as "(株)".
CREATE FUNCTION search.without_legal_form(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    value := replace(replace(value, '株式会社', ' '), '(株)', ' ');
    IF value COLLATE "C" ~ '会社|法人|組合|\(..?\)|[かゆ]\)|\([かゆ]' THEN
        value := regexp_replace(value COLLATE "C",
            '(特例)?有限会社|合同会社|合資会社|合名会社|相互会社'
            '|(一般|公益)?(社団|財団)法人|医療法人(社団|財団)?|学校法人|宗教法人|社会福祉法人|独立行政法人'
            '|特定非営利活動法人|npo法人|協同組合'
            '|\((有|合|同|資|名|相|社|財|医|学|宗|福|独|特非|一社|公社|一財|公財)\)'
            '|(^| )[かゆ]\)|\([かゆ](\)|$)',
            ' ', 'g');
    END IF;
    IF value COLLATE "C" ~ 'ltd|inc|corp|k\.k|llc' THEN
        value := regexp_replace(value COLLATE "C",
            '(^|[ ,.])(co\.? ?, ?ltd|co\.? ?ltd|ltd|inc|corp|corporation|k\.k|llc)\.?(?=$|[ ,])', ' ', 'g');
    END IF;
    RETURN value;
END
$$;

-- A text in NFKC and lower case, with every fold but that of punctuation. Most have nothing rare in them.
CREATE FUNCTION search.folded(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF octet_length(value) = length(value) THEN
        value := lower(value COLLATE "C");
        IF value COLLATE "C" ~ 'ltd|inc|corp|k\.k|llc' THEN
            RETURN search.without_legal_form(value);
        END IF;
        RETURN value;
    END IF;
    value := lower(pg_catalog.normalize(value, 'NFKC') COLLATE "C");
    -- The legal form that is met most goes first, for with it all of what follows would have to be looked for.
    IF position('株' IN value) > 0 AND value COLLATE "C" !~ '[\u00B4\u00C0-\u024F\u02BC\u0300-\u036F\u1E00-\u1EFF\u200B-\u200F\u2010-\u2015\u2018\u2019\u2032\u2060\u2212々ゝゞヽヾ〃仝\uFE00-\uFE0F\uFEFF\U000E0100-\U000E01EF]' THEN
        value := replace(replace(value, '株式会社', ' '), '(株)', ' ');
    END IF;
    IF value COLLATE "C" ~ '[\u00B4\u00C0-\u024F\u02BC\u0300-\u036F\u1E00-\u1EFF\u200B-\u200F\u2010-\u2015\u2018\u2019\u2032\u2060\u2212々ゝゞヽヾ〃仝\uFE00-\uFE0F\uFEFF\U000E0100-\U000E01EF亞惡壓圍醫爲壹隱榮營衞驛圓鹽緣艷應歐毆櫻奧橫溫穩假價畫會繪壞懷槪擴殼覺學斈嶽樂罐卷陷勸寬關歡觀氣旣歸僞戲犧舊據擧虛峽挾敎强鄕狹曉區驅駈勳薰徑惠揭溪經螢輕繼鷄雞藝擊缺硏縣儉劍劒劔釼險圈檢獻權顯驗嚴廣效恆黃鑛砿號國圀黑碎濟齋斉齊劑歲雜參蠶慘產贊殘絲齒兒辭濕實寫釋壽收從澁澀獸縱肅處敍敘將稱涉燒證奬條狀乘淨剩疊繩壤孃讓釀觸囑眞寢愼盡圖粹醉穗隨髓樞數瀨聲靑淸靜竊攝說專淺戰踐錢潛纖禪雙壯爭莊搜插巢曾瘦裝總騷藏臟卽屬續墮對體躰軆帶滯臺瀧擇澤擔單膽團斷彈遲癡蟲晝鑄廳徵聽鎭遞鐵銕點轉傳燈當黨盜稻鬪德悳獨讀屆貳弍惱腦霸拜廢賣麥發髮拔蠻祕濱濵甁拂佛倂竝餠邊邉變辨瓣辯步寶寳豐每萬滿麵默彌譯藥與豫餘譽搖樣謠來徠賴亂覽龍兩獵綠淚泪壘禮勵戾靈齡曆歷戀爐勞郞朖樓錄灣髙﨑嵜碕𠮷嶋嶌峯冨桒槇淵渊栁桺檜檮桝舘苅龝穐秌舩冰凉凜遙堯晉亙彥薮籔篭蘆薗栢曻晄禰祿竃繫纒聰靱顚驒鯵鷗鴬靏靎麴龜閒鄰頰俠俱剝𠮟吞嚙囊塡姊姬屛屢幷廐戶搔撹昻楳涌潑焰熙凞燿豬瑤畴皋礪礒簞緜繍萊萠蔣蘂蟬蠟裡諌賤軀輛邇醬醱鉤頸頴鹼槗𣘺圡逹逺邨埜畍畧冲决凖敕愽卻廚啞甞壺巖徃恠攜晧曺柹杤棊毗澔尓牀珎畄畱畆皷盃盖睿矦窗竒羣耻脉膓莵蘓乕蠣觧釡銳顏舖飮稅脫閱悅枩枀棃)]|会社|法人|組合|ltd|inc|corp|k\.k|llc|\([かゆカユ]' THEN
        IF value COLLATE "C" ~ '[\u00B4\u00C0-\u024F\u02BC\u0300-\u036F\u1E00-\u1EFF\u200B-\u200F\u2010-\u2015\u2018\u2019\u2032\u2060\u2212々ゝゞヽヾ〃仝\uFE00-\uFE0F\uFEFF\U000E0100-\U000E01EF]' THEN
            value := search.without_marks(value);
        END IF;
        value := search.modern_kanji(value);
        IF value COLLATE "C" ~ '[ァ-ヶゕゖ]' THEN
            value := search.hiragana(value);
        END IF;
        RETURN search.without_legal_form(value);
    END IF;
    IF value COLLATE "C" ~ '[ァ-ヶゕゖ]' THEN
        RETURN search.hiragana(value);
    END IF;
    RETURN value;
END
$$;

-- The words of a text, folded and separated by single spaces. An apostrophe between letters separates nothing.
CREATE FUNCTION search.normal(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    value := search.folded(value);
    IF position('''' IN value) > 0 THEN
        value := regexp_replace(value COLLATE "C", '(?<=[a-z])''(?=[a-z])', '', 'g');
    END IF;
    IF value COLLATE "C" ~ '[\u0001-\u001F!-/:-@[-`{-\u00BF\u00D7\u00F7\u2000-\u206F\u20A0-\u20CF\u2100-\u2BFF\u3000-\u3004\u3008-\u3020\u3030\u303D-\u303F\u30A0・\uFE10-\uFE6F\uFF5F-\uFF65]|  |^ | $' THEN
        value := btrim(regexp_replace(value COLLATE "C",
            '[\u0001-/:-@[-`{-\u00BF\u00D7\u00F7\u2000-\u206F\u20A0-\u20CF\u2100-\u2BFF\u3000-\u3004\u3008-\u3020\u3030\u303D-\u303F\u30A0・\uFE10-\uFE6F\uFF5F-\uFF65]+',
            ' ', 'g'));
    END IF;
    RETURN value;
END
$$;

-- The same of a reading: usually two words in katakana, which need nothing else.
CREATE FUNCTION search.normal_kana(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value COLLATE "C" ~ '^[ァ-ヶー]+[ 　][ァ-ヶー]+$' THEN
        RETURN translate(value,
            '　 ーンライトスルナムリタフレベオクアシィジカマエサミッキグウピブペチセプコロテダヤドァバゴネパヴビハデモノォヒョワズケャュユツェゥホガニザメヨソギゲボヌヘヅゼゾポヂヮヰヱヲヵヶゕゖ',
            '  ーんらいとするなむりたふれべおくあしぃじかまえさみっきぐうぴぶぺちせぷころてだやどぁばごねぱゔびはでものぉひょわずけゃゅゆつぇぅほがにざめよそぎげぼぬへづぜぞぽぢゎゐゑをかけかけ');
    END IF;
    RETURN search.normal(value);
END
$$;

-- A field, of its words in normal form, as search looks it up: whole, first word, second word, last word.
-- Words that repeat, or that are not there, are null: a row stands once in each look-up.
CREATE FUNCTION search.looked_up(normal text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    words text[];
BEGIN
    IF position(' ' IN normal) > 0 THEN
        words := string_to_array(normal, ' ');
        RETURN search.once(replace(normal, ' ', ''), words[1], words[2], words[cardinality(words)]);
    END IF;
    normal := nullif(normal, '');
    RETURN ARRAY[normal, normal, NULL, NULL];
END
$$;

CREATE FUNCTION search.once(whole text, first text, second text, last text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF last = first OR last = second THEN
        last := NULL;
    END IF;
    IF second = first THEN
        second := NULL;
    END IF;
    RETURN ARRAY[whole, first, second, last];
END
$$;
